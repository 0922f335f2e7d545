import { describe, expect, it } from 'vitest';
import type { Downloads } from '../../src/ports.ts';

/** What every `Downloads` adapter refuses before it connects to anything. `open` gets the switch. */
export function downloadsContract(open: (enabled: boolean) => Downloads): void {
  const fetching = (url: string, enabled = true) => open(enabled).fetch(url, { maxBytes: 1000 });

  describe('addresses that are refused without a connection', () => {
    it.each([
      'http://example.com/a.jpg',
      'ftp://example.com/a.jpg',
      'file:///etc/passwd',
      'data:image/png;base64,AAAA',
      'javascript:1',
      '//example.com/a.jpg',
      'example.com/a.jpg',
      '',
      'https://',
    ])('refuses %j, which is no https URL', async (url) => {
      await expect(fetching(url)).rejects.toMatchObject({ code: 'INVALID_INPUT', hint: expect.stringMatching(/https:\/\//) });
    });

    it.each(['https://user@example.com/a.jpg', 'https://user:secret@example.com/a.jpg', 'https://:secret@example.com/a.jpg'])(
      'refuses credentials in %s without repeating them',
      async (url) => {
        const error = await fetching(url).catch((e) => e);
        expect(error).toMatchObject({ code: 'INVALID_INPUT' });
        expect(`${error.message} ${error.hint}`).not.toMatch(/secret/);
      },
    );

    it('refuses another port', async () => {
      await expect(fetching('https://example.com:8443/a.jpg')).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/port/) });
    });

    it.each([
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '0x7f.1',
      '0.0.0.0',
      '0',
      '10.0.0.1',
      '172.16.5.4',
      '192.168.1.1',
      '100.64.0.1',
      '169.254.169.254',
      '192.0.2.1',
      '198.18.0.1',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
      '[::]',
      '[::1]',
      '[0:0:0:0:0:0:0:1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::ffff:0:127.0.0.1]',
      '[::127.0.0.1]',
      '[64:ff9b::10.0.0.1]',
      '[64:ff9b::a9fe:a9fe]',
      '[64:ff9b:1::a9fe:a9fe]',
      '[2002:7f00:1::]',
      '[2002:a00:1::1]',
      '[2001:0:a00:1::f5ff:fffe]',
      '[fe80::1]',
      '[fec0::1]',
      '[fc00::1]',
      '[fd12:3456::1]',
      '[ff02::1]',
      '[2001:db8::1]',
      '[100::1]',
      '[4000::1]',
    ])('refuses https://%s/, which is not public', async (host) => {
      await expect(fetching(`https://${host}/a.jpg`)).rejects.toMatchObject({
        code: 'FORBIDDEN',
        message: expect.stringMatching(/not on the public internet/),
      });
    });

    it.each(['localhost', 'LOCALHOST', 'localhost.', 'a.localhost'])('refuses %s, whose name leads to this computer', async (host) => {
      await expect(fetching(`https://${host}/a.jpg`)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    });

    it('says how to go on where downloads are off', async () => {
      await expect(fetching('https://example.com/a.jpg', false)).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.stringMatching(/VRAG_DOWNLOADS/) });
    });
  });
}
