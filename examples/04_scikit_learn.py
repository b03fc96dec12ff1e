"""With scikit-learn: a pipeline, a search, weights for rare classes."""

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepstep import NetworkClassifier

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

model = make_pipeline(
    StandardScaler(),
    NetworkClassifier(hidden_layer_sizes=(16,), class_weight="balanced", early_stopping=True, random_state=0),
)
search = GridSearchCV(model, {"networkclassifier__alpha": [1e-4, 1e-2]}, cv=3).fit(X_train, y_train)
print(f"best alpha {search.best_params_['networkclassifier__alpha']}")
print(f"test accuracy {search.score(X_test, y_test):.3f}, majority baseline {y_test.mean():.3f}")
print(search.best_estimator_[-1].network_.summary())
