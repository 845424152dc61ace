import { Base } from './base';

/** A shape. */
export interface Shape<T> extends Base {
  readonly name: string;
  area(scale: number): number;
}

export type Id = string | number;

export enum Color { Red, Green = 'green' }

export abstract class Circle implements Shape<number> {
  private radius: number = 1;
  constructor(public readonly name: string) { super(); }
  /** How large. */
  area(scale: number): number { return this.radius * scale; }
  protected abstract draw(): void;
  static create = (): Circle => null!;
}

export const parse = (text: string): Id => text;
export function overload(a: string): void;
export function overload(a: any) { return a; }

namespace Inner {
  export const value = 1;
  export function f() {}
}

declare module 'thing' {
  export function g(): void;
}

const internal: number = 3;
