/** Keys and list indexes from the top of the file to a value. */
export type Path = readonly (string | number)[];

/** Something wrong in the file. `key` points at a key inside the map at `path`, otherwise the value is meant. */
export interface Mistake {
  readonly path: Path;
  readonly key?: string;
  readonly message: string;
  /** The key that an unknown `key` was certainly meant to be. */
  readonly meant?: string;
}

export function showPath(path: Path): string {
  return path.reduce<string>(
    (shown, part) => (typeof part === 'number' ? `${shown}[${part}]` : shown === '' ? part : `${shown}.${part}`),
    '',
  );
}

/** The value at a path of something of unknown shape. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inside, part) => (isMap(inside) && Object.hasOwn(inside, part) ? inside[part] : undefined),
    value,
  );
}

export function isMap(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null;
}
