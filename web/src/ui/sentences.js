/** One plain sentence for each micro-step. */
import { t } from "../messages.js";

export function sentence(session, step) {
  if (step.kind === "recorded") return t("say.recorded", { name: step.id });
  const { layer_dims, activations } = session.network;
  const { layer: l, kind, id } = step;
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
