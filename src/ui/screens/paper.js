// The page of a roll: as wide as the roll and as long as the text on it. CSS cannot say that, so the text is measured
// and a style sheet that is made here sets the size; the policy of the page allows that, as it does not allow inline
// styles.

/**
 * Width of the roll and margin at each side, so that the text has the width that the style sheet gives it on the
 * screen.
 */
const ROLLS = /** @type {const} */ ({ '80mm': { width: 80, side: 4 }, '58mm': { width: 58, side: 5 } });
const TOP_MM = 4;
/** For the blade. */
const BOTTOM_MM = 8;
/** A printer sets text with other roundings than the screen: a line of two may become one of three. */
const SLACK = 0.01;
/** Longer is no page that browsers make; what is longer goes on over the next. */
const PAGE_MM_MAX = 5_000;
const PX_PER_MM = 96 / 25.4;

/** @type {CSSStyleSheet | null} */
let made = null;
/** The place of our rule in a linked sheet, for browsers that cannot make one. */
let place = -1;

/**
 * Sets the size of the page that a sheet is printed on.
 * @param {HTMLElement} sheet in the document
 * @param {string} size
 */
export function setPage(sheet, size) {
  if (!(size in ROLLS)) return setRule('');
  const { width, side } = ROLLS[/** @type {keyof ROLLS} */ (size)];
  const style = getComputedStyle(sheet);
  const padding = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
  const text = (sheet.getBoundingClientRect().height - padding) / PX_PER_MM;
  const height = Math.min(PAGE_MM_MAX, Math.ceil(text * (1 + SLACK)) + TOP_MM + BOTTOM_MM);
  setRule(`@page { size: ${width}mm ${height}mm; margin: ${TOP_MM}mm ${side}mm ${BOTTOM_MM}mm; }`);
}

/** Other screens have the page that the browser chooses. */
export const clearPage = () => setRule('');

/** @param {string} rule empty for none */
function setRule(rule) {
  if (document.adoptedStyleSheets !== undefined) {
    if (!made) {
      made = new CSSStyleSheet();
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, made];
    }
    made.replaceSync(rule);
    return;
  }
  const linked = [...document.styleSheets].find(({ href }) => href?.endsWith('/paper.css'));
  if (!linked) return;
  if (place >= 0) linked.deleteRule(place);
  place = rule === '' ? -1 : linked.insertRule(rule, linked.cssRules.length);
}
