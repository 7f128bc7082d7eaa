"""A candidate of a study that passes, each figure at its bound."""

from ml.segmentation.candidates import Recipe, StudiedCandidate, StudiedSegment

PASSING = StudiedCandidate(
    recipe=Recipe("full", "kmeans", {"segment_count": 2}),
    segments=(StudiedSegment(0.98, 0.9), StudiedSegment(0.02, 0.6)),
    noise_share=0.0,
    silhouette=0.25,
    calinski_harabasz=100.0,
    davies_bouldin=1.0,
    bic=None,
    aic=None,
    inertia=10.0,
    seed_agreement=0.95,
    resample_agreement=0.9,
    closest_feature_name="paid_amount",
    closest_feature_agreement=0.5,
    distinct_feature_count=3,
    fit_seconds=0.1,
    can_be_champion=True,
)
