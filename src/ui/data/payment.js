// Payment modes and what is paid in them: cash gives change, other modes do not. Pure.

/** @typedef {import('./settings.js').Settings} Settings */

/** Two spellings of a mode are one: `Cash`, `cash `. @param {string} mode */
export const foldMode = (mode) => mode.trim().toLowerCase();

/** The modes to choose from, each once. @param {Settings} settings */
export const modesOf = ({ payment_modes: modes }) =>
  modes.filter((mode, index) => modes.findIndex((other) => foldMode(other) === foldMode(mode)) === index);

/**
 * A mode as the shop spells it; as it is, if the shop does not know it.
 * @param {string} mode
 * @param {Settings} settings
 */
export const spelledMode = (mode, { payment_modes: modes }) =>
  modes.find((one) => foldMode(one) === foldMode(mode)) ?? mode;

/** Whether change is given in a mode. @param {string} mode @param {Settings} settings */
export const isCash = (mode, { cash_modes: modes = [] }) => modes.some((one) => foldMode(one) === foldMode(mode));

/**
 * What is between the total and what is handed over, in minor units: one of the three is more than nothing, or none.
 * @param {bigint} total
 * @param {bigint} handed
 * @param {boolean} isInCash
 * @returns {{ due: bigint, change: bigint, excess: bigint }}
 */
export function settle(total, handed, isInCash) {
  const over = handed - total;
  return {
    due: over < 0n ? -over : 0n,
    change: over > 0n && isInCash ? over : 0n,
    excess: over > 0n && !isInCash ? over : 0n,
  };
}
