// Lossless JSON: the lines of a bill as they stand in the text of a message. `JSON.parse` forgets how a number was
// written (`2.750`, `1e1`), which escapes a text had, in which order stood what has digits for a name. Where that
// makes a difference the text of a line is kept beside what was read of it, and an edit changes in it only what a
// person changed.

/** @typedef {import('./records.js').SaleRecord} SaleRecord */

/**
 * Reads JSON like `JSON.parse`; each bill in it has the texts of its lines in `item_texts`, if they are not what
 * `JSON.stringify` would write.
 * @param {string} text
 * @returns {any}
 */
export function readJson(text) {
  const value = JSON.parse(text);
  if (text.includes('"items"')) new Walk(text).over(value);
  return value;
}

/** The text of a line as it is stored. @param {SaleRecord} record @param {number} index */
export const itemText = (record, index) => record.item_texts?.[index] ?? JSON.stringify(record.items[index]);

/**
 * The text of an object with other values for some of its keys; the rest stays as it is, byte for byte.
 * @param {string} object JSON
 * @param {Record<string, string>} values JSON of each
 */
export function splice(object, values) {
  const members = new Walk(object).members();
  // From the end, so that the places before stay right. Of a repeated key the last one counts.
  let spliced = object;
  const missing = Object.keys(values).filter((name) => !members.some((member) => member.name === name));
  if (missing.length > 0) {
    const end = spliced.lastIndexOf('}');
    const added = missing.map((name) => `${JSON.stringify(name)}:${values[name]}`).join();
    spliced = `${spliced.slice(0, end)}${members.length > 0 ? ',' : ''}${added}${spliced.slice(end)}`;
  }
  const changed = Object.keys(values).map((name) => [...members].reverse().find((member) => member.name === name));
  for (const member of changed.sort((one, other) => (other?.start ?? 0) - (one?.start ?? 0))) {
    if (member) spliced = `${spliced.slice(0, member.start)}${values[member.name]}${spliced.slice(member.end)}`;
  }
  return spliced;
}

/** One walk over a text that is known to be JSON. */
class Walk {
  #text;
  #at = 0;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  /** The keys of an object and where their values stand. */
  members() {
    /** @type {Array<{ name: string, start: number, end: number }>} */
    const members = [];
    this.#object((name) => {
      const start = this.#at;
      this.over(undefined);
      members.push({ name: JSON.parse(name), start, end: this.#at });
    });
    return members;
  }

  /**
   * Goes over a value, and keeps the texts of the lines of each bill in it.
   * @param {any} held what was read of it; undefined if it does not matter
   */
  over(held) {
    this.#skipSpace();
    const first = this.#text[this.#at];
    if (first === '"') this.#string();
    else if (first === '{') this.#object((name) => this.#member(held, name));
    else if (first === '[') this.#array((index) => this.over(held?.[index]));
    else while (this.#at < this.#text.length && !',]} \n\r\t'.includes(this.#text[this.#at])) this.#at += 1;
  }

  /** @param {any} held @param {string} name as it is written, with its quotes */
  #member(held, name) {
    if (held === undefined) return this.over(undefined);
    const key = name.includes('\\') ? JSON.parse(name) : name.slice(1, -1);
    if (key === 'items' && isBill(held) && this.#text[this.#at] === '[') this.#lines(held);
    else this.over(held?.[key]);
  }

  /** @param {any} bill */
  #lines(bill) {
    /** @type {Array<string | null>} */
    const texts = [];
    this.#array((index) => {
      this.#skipSpace();
      const start = this.#at;
      this.over(undefined);
      const text = this.#text.slice(start, this.#at);
      texts.push(text === JSON.stringify(bill.items[index]) ? null : text);
    });
    // There in any case: what is laid over an older version of the record replaces that one's texts too.
    bill.item_texts = texts.some((text) => text !== null) ? texts : undefined;
  }

  /** @param {(name: string) => void} member called where its value begins */
  #object(member) {
    this.#list('}', () => {
      const name = this.#string();
      this.#skipSpace();
      this.#at += 1;
      this.#skipSpace();
      member(name);
    });
  }

  /** @param {(index: number) => void} element */
  #array(element) {
    let index = 0;
    this.#list(']', () => element(index++));
  }

  /** @param {string} end @param {() => void} one goes over one of what is in the brackets */
  #list(end, one) {
    this.#skipSpace();
    this.#at += 1;
    this.#skipSpace();
    while (this.#text[this.#at] !== end) {
      one();
      this.#skipSpace();
      if (this.#text[this.#at] === ',') this.#at += 1;
      this.#skipSpace();
    }
    this.#at += 1;
  }

  /** @returns {string} with its quotes */
  #string() {
    const start = this.#at;
    let end = start;
    let slashes = 0;
    do {
      end = this.#text.indexOf('"', end + 1);
      slashes = 0;
      while (this.#text[end - 1 - slashes] === '\\') slashes += 1;
    } while (slashes % 2 === 1);
    this.#at = end + 1;
    return this.#text.slice(start, this.#at);
  }

  #skipSpace() {
    while (this.#text.charCodeAt(this.#at) <= 32) this.#at += 1;
  }
}

/** @param {any} value */
const isBill = (value) => Array.isArray(value?.items) && typeof value.customer_name === 'string';
