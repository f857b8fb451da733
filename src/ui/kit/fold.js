// Text folding: what two spellings of one word have in common, by the rules of the server (src/domain/fold.rs). Both
// are held against one table of cases.

/** The zeros of the scripts that have decimal digits of their own (general category Nd); nine more follow each. */
const ZEROS = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
  0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
  0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x11066, 0x11136, 0x1e950, 0x1fbf0,
];

/** What decomposition leaves apart, though people take it for one letter. @type {Readonly<Record<string, string>>} */
const LETTERS = {
  ı: 'i',
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  æ: 'ae',
  œ: 'oe',
  ß: 'ss',
  ς: 'σ',
  '’': "'",
  '‘': "'",
  ʼ: "'",
  ʻ: "'",
  '`': "'",
  // Arabic and Persian keyboards write one letter in several ways.
  ى: 'ي',
  ی: 'ي',
  ک: 'ك',
  ة: 'ه',
};
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');

/** Accents and vowel signs that people leave out. Those of Indian scripts are letters and stay. */
const MARKS =
  '\\u0300-\\u036f\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f' +
  '\\u0610-\\u061a\\u0640\\u064b-\\u065f\\u0670';
const DASHES = '\\-\\u058a\\u05be\\u2010-\\u2015\\u2212\\u2e3a\\u2e3b\\ufe58\\ufe63\\uff0d';
/** Control and format characters and variation selectors. */
const INVISIBLE =
  '\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u0084\\u0086-\\u009f\\u00ad\\u0600-\\u0605\\u061c\\u06dd' +
  '\\u070f\\u0890\\u0891\\u08e2\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f' +
  '\\ufe00-\\ufe0f\\ufeff\\ufff9-\\ufffb\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0001}' +
  '\\u{e0020}-\\u{e007f}\\u{e0100}-\\u{e01ef}';
const IGNORED = new RegExp(`[${MARKS}${DASHES}${INVISIBLE}]`, 'gu');

/** Digits of any script as `0` to `9`; all else as it is. @param {string} text */
export function asciiDigits(text) {
  return text.replace(/[^\0-\u065f]/gu, (character) => {
    const code = /** @type {number} */ (character.codePointAt(0));
    const zero = ZEROS.find((one) => code >= one && code <= one + 9);
    return zero === undefined ? character : String(code - zero);
  });
}

/**
 * Lower case, without accents, dashes and what cannot be seen, digits as `0` to `9`, one space between two words.
 * @param {string} text
 */
export function fold(text) {
  // The acute accent that stands alone is typed for an apostrophe; decomposition would make a space of it.
  const plain = text.replaceAll('´', "'").normalize('NFKD').replace(IGNORED, '').toLowerCase();
  return asciiDigits(plain.replace(LETTER, (letter) => LETTERS[letter]))
    .replace(/[\s\u0085]+/g, ' ')
    .trim();
}
