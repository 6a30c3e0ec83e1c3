/*
 * The commands that have to be quick, in one file of the bundle: every file more that a command
 * loads costs it a millisecond.
 */
export { default as deploy } from './deploy.ts';
export { default as down } from './down.ts';
export { default as history } from './history.ts';
export { default as recover } from './recover.ts';
export { default as rollback } from './rollback.ts';
export { default as status } from './status.ts';
export { default as up } from './up.ts';
