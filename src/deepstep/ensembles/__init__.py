"""Ensembles for tables: presets, folds, members, weights. scikit-learn is imported where a fit needs it."""
