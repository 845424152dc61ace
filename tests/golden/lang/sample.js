'use strict'
const fs = require('fs');

/** Largest size. */
const MAX_SIZE = 10, other = 1;

/**
 * Adds numbers.
 * @param {number} a
 */
export function add(a, b) {
  const helper = (x) => x + 1;
  return helper(a) + b;
}

export default class Queue extends Base {
  static limit = 5;
  #items = [];
  constructor() { super(); }
  // Puts one in.
  push(item) { this.#items.push(item); }
  #secret() {}
  get size() { return this.#items.length; }
  handler = () => { this.push(1); };
}

export const double = async (x) => x * 2;

exports.run = function (cb) { cb(); };
Queue.prototype.pop = function pop() { return 1; };

const routes = {
  index: function (req) { return req; },
  show(req) { return req; },
};

function* walk() { yield 1; }
