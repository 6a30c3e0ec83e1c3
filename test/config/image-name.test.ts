import { describe, expect, it } from 'vitest';
import { isArchive, isImage } from '../../src/config/image-name.ts';

const digest = `sha256:${'0'.repeat(64)}`;

describe('an image', () => {
  it.each([
    'shop',
    'shop:1.4',
    'team/shop:latest',
    'registry.example.com/team/shop:1.4',
    'localhost:5000/shop',
    '127.0.0.1:5000/team/shop_2:v1',
    `shop@${digest}`,
    `registry.example.com/shop:1@${digest}`,
  ])('%s is one', (name) => expect(isImage(name)).toBe(true));

  it.each([
    '',
    '-v/:/host',
    '--privileged',
    'shop --privileged',
    'Shop',
    'shop:',
    'shop@sha256:1',
    '../shop',
    'shop;id',
    '$(id)',
    'shop\n--privileged',
    'http://registry.example.com/shop',
    'a'.repeat(600),
  ])('%j is none', (name) => expect(isImage(name)).toBe(false));
});

it.each(['./shop.tar', '/srv/shop', '../shop.tar.gz', 'shop.tar', 'images/shop.tgz'])('%s is an archive', (name) =>
  expect(isArchive(name)).toBe(true),
);

it.each(['shop', 'shop:1.tar2', 'registry.example.com/shop'])('%s is no archive', (name) =>
  expect(isArchive(name)).toBe(false),
);
