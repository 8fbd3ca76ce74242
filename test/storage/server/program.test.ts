import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseStorageArguments } from '../../../lib/storage/bin-arguments'
import { RawClient, request } from '../../support/raw-resp'
import { folderFor, startStorage } from '../../support/storage-process'

describe('the words of sojourn-storage', () => {
  it('become options', (t) => {
    const folder = folderFor(t)
    writeFileSync(join(folder, 'password'), 'open sesame\nand a remark\n')
    const words = ['--host=10.0.0.1', '--port', '0', '--file', 's', '--save-frequency', '0']
    assert.deepEqual(parseStorageArguments([...words, '--requirepass-file', join(folder, 'password')]), {
      saveFile: 's',
      host: '10.0.0.1',
      port: 0,
      saveFrequency: 0,
      requirepass: 'open sesame',
    })
    assert.equal(parseStorageArguments(['--help']), 'help')
  })

  it('that are wrong are named', (t) => {
    const folder = folderFor(t)
    writeFileSync(join(folder, 'empty'), '\n')
    for (const [words, message] of [
      [[], /--file/],
      [['--file', ''], /--file/],
      [['--file', 's', '--port', 'x'], /--port: expected a port number/],
      [['--file', 's', '--port'], /--port/],
      [['--file', 's', '--save-frequency', '1.5'], /--save-frequency/],
      [
        ['--file', 's', '--requirepass-file', join(folder, 'empty')],
        /--requirepass-file: expected a password/,
      ],
      [['--file', 's', '--requirepass-file', join(folder, 'none')], /--requirepass-file/],
      [['--file', 's', '--requirepass', 'secret'], /--requirepass/],
      [['--file', 's', 'more'], /more/],
    ] as const) {
      assert.throws(() => parseStorageArguments(words), { code: 'ERR_SESSION_OPTION', message })
    }
  })
})

describe('sojourn-storage', () => {
  it('says what is wrong and exits with 2; with 1 when it cannot start', async (t) => {
    const file = join(folderFor(t), 's')
    const [usage, open] = await Promise.all([
      startStorage(t, '--file', file, '--nonsense'),
      startStorage(t, '--file', file, '--port', '0', '--host', '0.0.0.0'),
    ])
    assert.equal(await usage.ended, 2)
    assert.match(usage.errors(), /^sojourn-storage: .*--nonsense/)
    assert.equal(await open.ended, 1)
    assert.match(open.errors(), /^sojourn-storage: option requirepass: expected a password/)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops in order on ${signal}: every request it took is answered, and nothing is left behind`, async (t) => {
      const file = join(folderFor(t), 's')
      const storage = await startStorage(t, '--file', file, '--port', '0')
      const client = new RawClient({ port: storage.port, host: '127.0.0.1' })
      assert.equal(await client.send('SET', 'k', 'v'), '+OK\r\n')
      client.write(Buffer.concat(Array.from({ length: 100 }, (_, i) => request('SET', `k${i}`, 'v'))))
      await client.reply()
      storage.process.kill(signal)
      const answers = 1 + ((await client.rest()).match(/\+OK\r\n/g)?.length ?? 0)
      assert.equal(await storage.ended, 0)
      assert.equal(storage.errors(), '')
      const again = await startStorage(t, '--file', file, '--port', '0')
      const after = new RawClient({ port: again.port, host: '127.0.0.1' })
      const there = Number((await after.send('DBSIZE')).slice(1, -2))
      assert.ok(there >= 1 + answers, `${there} of ${answers}`)
      client.close()
      after.close()
      again.process.kill('SIGTERM')
      assert.equal(await again.ended, 0)
    })
  }

  it('killed with -9 while clients write: no acknowledged write is lost', async (t) => {
    const file = join(folderFor(t), 's')
    /** What was acknowledged last, by key. */
    const acknowledged = new Map<string, number>()
    let writes = 0
    let lost = 0
    const kills = 2
    for (let round = 0; round <= kills; round++) {
      const storage = await startStorage(t, '--file', file, '--port', '0')
      const reader = new RawClient({ port: storage.port, host: '127.0.0.1' })
      for (const [key, value] of acknowledged) {
        const reply = await reader.send('GET', key)
        const found = Number(reply.split('\r\n')[1])
        if (!(found >= value)) lost++
      }
      reader.close()
      if (round === kills) {
        storage.process.kill('SIGTERM')
        await storage.ended
        break
      }
      const enough = writes + 300 + round * 97
      await Promise.all(
        ['a', 'b', 'c', 'd'].map(async (name) => {
          const client = new RawClient({ port: storage.port, host: '127.0.0.1' })
          let n = round * 1e6
          try {
            for (;;) {
              const batch = Array.from({ length: 5 }, () => [`${name}${++n % 50}`, n] as const)
              client.write(
                Buffer.concat(batch.map(([key, value]) => request('SET', key, `${value}`, 'EX', '900'))),
              )
              for (const [key, value] of batch) {
                if ((await client.reply()) !== '+OK\r\n') break
                acknowledged.set(key, value)
                if (++writes >= enough) storage.process.kill('SIGKILL')
              }
            }
          } catch {
            client.close()
          }
        }),
      )
      assert.equal(await storage.ended, 'SIGKILL')
    }
    t.diagnostic(`${kills} kills, ${writes} acknowledged writes, ${lost} lost`)
    assert.equal(lost, 0)
  })
})
