import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Case } from './case'

const folder = mkdtempSync(join(tmpdir(), 'sojourn-response-'))
const FILE = join(folder, 'file.txt')
writeFileSync(FILE, 'line\n'.repeat(60_000))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

/** What Express makes of a response; each ends up in `setHeader`, `write` and `end`. */
export const EXPRESS: readonly Case[] = [
  { name: 'res.send of a text', run: (p) => p.call('send', 'hello') },
  { name: 'res.send of a Buffer', run: (p) => p.call('send', Buffer.from('hello')) },
  { name: 'res.send of nothing', run: (p) => p.call('send') },
  { name: 'res.json', run: (p) => p.call('json', { a: [1, 2, 3] }) },
  { name: 'res.status and send', run: (p) => p.res.status(404).send('none') },
  { name: 'res.sendStatus', run: (p) => p.call('sendStatus', 204) },
  { name: 'res.redirect', run: (p) => p.call('redirect', '/there') },
  { name: 'res.redirect with a status', run: (p) => p.call('redirect', 303, '/there') },
  { name: 'res.send to HEAD', method: 'HEAD', run: (p) => p.call('send', 'hello') },
  {
    name: 'res.send that the client has already',
    headers: { 'If-None-Match': 'W/"5-qvTGHdzF6KLavt4PO0gs2a6pQ00"' },
    run: (p) => p.call('send', 'hello'),
  },
  { name: 'res.cookie', run: (p) => p.res.cookie('own', '1', { httpOnly: true }).send('ok') },
  { name: 'res.clearCookie', run: (p) => p.res.clearCookie('own').send('ok') },
  { name: 'res.type and end', run: (p) => p.res.type('html').end('<p>') },
  {
    name: 'res.append',
    run: (p) => p.res.append('Set-Cookie', 'own=1').append('Set-Cookie', 'b=2').send('ok'),
  },
  { name: 'res.sendFile', run: (p) => p.res.sendFile(FILE, p.callback('sendFile')) },
  { name: 'res.sendFile to HEAD', method: 'HEAD', run: (p) => p.res.sendFile(FILE, p.callback('sendFile')) },
  { name: 'res.sendFile of a part', headers: { Range: 'bytes=5-104' }, run: (p) => p.res.sendFile(FILE) },
  {
    name: 'res.sendFile of a part that there is not',
    headers: { Range: 'bytes=900000-' },
    run: (p) => p.res.sendFile(FILE),
  },
  {
    name: 'res.sendFile of a file that there is not',
    run: (p) => p.res.sendFile(`${FILE}.none`, () => p.res.status(404).send('none')),
  },
  { name: 'res.download', run: (p) => p.res.download(FILE, 'name.txt', p.callback('download')) },
]
