"""Ensembles for tables: presets, folds, members and weights. scikit-learn is imported where a fit needs it."""
