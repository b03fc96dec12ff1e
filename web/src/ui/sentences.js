/** One plain sentence for each micro-step. */
import { wayOf } from "../engine/textbook.js";
import { t } from "../messages.js";

export function sentence(session, step) {
  const { layer_dims, activations } = session.network;
  const { layer: l, id } = step;
  const kind = step.kind === "recorded" ? (wayOf(id, activations.length) ?? "recorded") : step.kind;
  if (kind === "recorded") return t("say.recorded", { name: id });
  return t(`say.${kind}`, {
    l,
    next: l + 1,
    n: layer_dims[l],
    before: layer_dims[l - 1],
    g: activations[l - 1],
    m: session.batchOf(1).length,
    name: id.replace("′", "").replace(/^._/u, ""),
  });
}
