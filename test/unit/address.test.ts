// Which hosts nobody outside can reach: by number where the host is a number, by name where it is a name.

import { expect, test } from 'vitest';
import { isPrivateHost } from '../../src/transport/index.js';

const host = (text: string): string => new URL(`https://${text}/`).hostname;

test.each([
  ...['localhost', 'a.localhost', '127.0.0.1', '127.1', '0x7f.1', '2130706433', '0.0.0.0', '10.0.0.1', '172.16.0.1'],
  ...['172.31.255.255', '192.168.1.7', '169.254.169.254', '100.64.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
  ...[
    '[::1]',
    '[::]',
    '[fc00::1]',
    '[fd12:3456::1]',
    '[fe80::1]',
    '[ff02::1]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::10.0.0.1]',
  ],
  ...['printer.local', 'nas.lan', 'x.localdomain', 'x.internal', 'router.home.arpa', 'intranet'],
  ...['[::127.0.0.1]', '[2002:a00:1::]', '[fec0::1]', '192.0.2.1', '203.0.113.9', 'a.corp', 'a.test', 'a.invalid'],
])('%s is out of reach', (text) => {
  expect(isPrivateHost(host(text))).toBe(true);
});

test.each([
  ...['example.com', '0.gravatar.com', '10.example.com', '127.foo.com', '172.16.example.com', '192.168.com'],
  ...['100.64.example.com', 'local.example.com', 'mylocal.com', 'internal.example.org', '例え.jp', 'xn--r8jz45g.jp'],
  ...['8.8.8.8', '172.15.0.1', '172.32.0.1', '11.0.0.1', '169.253.1.1', '100.63.0.1', '100.128.0.1', '198.17.0.1'],
  ...[
    '[2001:db8::1]',
    '[2606:4700::1111]',
    '[::ffff:161.1.2.3]',
    '[64:ff9b::8.8.8.8]',
    '[2002:808:808::1]',
    '198.51.101.1',
  ],
])('%s is on the web', (text) => {
  expect(isPrivateHost(host(text))).toBe(false);
});
