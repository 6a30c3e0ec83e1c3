declare const CUTOVER_VERSION: string | undefined;

/** Put in by the build. */
export const version = typeof CUTOVER_VERSION === 'string' ? CUTOVER_VERSION : '0.0.0-source';
