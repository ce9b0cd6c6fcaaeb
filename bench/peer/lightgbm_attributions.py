"""LightGBM's own side of the attributions benchmark: path-dependent values, which know no background."""

from explained_input import all_at_once, main


def contrib(given):
    # the last column is what is expected
    all_at_once(given, lambda rows: given.predict.booster.predict(rows, pred_contrib=True)[:, :-1])


if __name__ == "__main__":
    main({"contrib": contrib})
