// Search by the rules of the server (src/domain/search.rs): words in any order, numbers, phone numbers. Both are held
// against one table of cases, so that the page finds by itself what the server would find.

import { fold } from '../kit/fold.js';

/** A part of a phone number that is worth looking for. */
const PHONE_DIGITS_MIN = 3;
/** So many digits are a whole number, even without the code of its country or town. */
const WHOLE_PHONE_DIGITS_MIN = 7;
/** Two numbers that agree in so many digits at their ends are one, whatever stands before. */
const SAME_PHONE_DIGITS_MIN = 9;

const digitsOf = (/** @type {string} */ text) => text.replace(/\D/g, '');

/** A stroke stands between the code of a town and a number, or between two whole numbers. @param {string} text */
function apart(text) {
  const parts = text.split('/');
  return parts.every((part) => digitsOf(part).length >= WHOLE_PHONE_DIGITS_MIN) ? parts : [text];
}

/**
 * The numbers in a folded text: digits alone, without the zeros that are dialled at home only.
 * @param {string} folded
 */
function phoneNumbers(folded) {
  const texts = folded
    .replaceAll('(0)', '')
    .split(/[^\d+() ./]/)
    .flatMap(apart);
  const numbers = texts.map((number) => digitsOf(number).replace(/^0+/, ''));
  return numbers.filter((number) => number !== '');
}

/** The digits of a text that can be a part of a phone number; empty if it cannot. @param {string} folded */
function phoneNeedle(folded) {
  const digits = /^[\d+() ./]+$/.test(folded) ? phoneNumbers(folded).join(' ') : '';
  return digits.length >= PHONE_DIGITS_MIN ? digits : '';
}

/**
 * Whether a stored number is the one that is looked for, or has it inside.
 * @param {string} phone
 * @param {string} needle
 */
function isPhone(phone, needle) {
  let same = 0;
  while (same < Math.min(phone.length, needle.length) && phone.at(-1 - same) === needle.at(-1 - same)) same += 1;
  return (
    phone.includes(needle) ||
    same >= SAME_PHONE_DIGITS_MIN ||
    (same >= WHOLE_PHONE_DIGITS_MIN && same === Math.min(phone.length, needle.length))
  );
}

/** Words that count, as on the server. */
const WORDS_MAX = 16;

/** What is looked for: words in any order, each of which must be found. */
export class Needle {
  #phone;
  #words;

  /** @param {string} typed */
  constructor(typed) {
    const folded = fold(typed);
    this.isEmpty = folded === '';
    this.#phone = phoneNeedle(folded);
    this.#words = folded
      .split(' ')
      .slice(0, WORDS_MAX)
      .map((text) => ({
        text,
        phone: phoneNeedle(text),
        number: /^#?\+?\d+$/.test(text) ? Number(text.replace('#', '')) : -1,
      }));
  }

  /**
   * @param {string} name
   * @param {string} [phone]
   * @param {string} [label] number with its sign: `#042`
   * @param {number} [number]
   */
  finds(name, phone = '', label = '', number = NaN) {
    if (this.isEmpty) return true;
    const folded = fold(name);
    const hasPhone = (/** @type {string} */ needle) =>
      needle !== '' && phoneNumbers(fold(phone)).some((own) => isPhone(own, needle));
    return (
      hasPhone(this.#phone) ||
      this.#words.every(
        ({ text, phone: part, number: own }) =>
          own === number || folded.includes(text) || (text.startsWith('#') && label.includes(text)) || hasPhone(part),
      )
    );
  }
}
