/** An immutable copy of an artifact on the host. */
export interface Release {
  /** A number that counts up, as text: `42`. */
  readonly id: string;
  /** `sha256:…` of the artifact's bytes (for a folder: of every path and file in it). */
  readonly digest: string;
  /** Absolute path of the artifact's copy on the host. */
  readonly artifact: string;
  /** Name the artifact had where it came from. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `user@host` that deployed it. */
  readonly by: string;
  readonly message: string | undefined;
  /** Why a rollback *past* this release is refused, or undefined. */
  readonly notReversible: string | undefined;
}
