import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT, run } from '../../packaging/packed'

const PACKAGES = join(__dirname, '../packages')

/** npm runs no install script of a package unasked, and prebuilt binaries come from hosts that not everybody reaches. */
const COMPILED = ['better-sqlite3', 'sqlite3']

/**
 * Installs what `packages/` names into a folder of the temporary directory, once for each lock file, Node.js and
 * platform, and compiles what has to be. @returns the folder
 */
export async function installed(): Promise<string> {
  const lock = readFileSync(join(PACKAGES, 'package-lock.json'))
  const { modules } = process.versions
  const key = createHash('sha256')
    .update(lock)
    .update(`${modules} ${process.platform} ${process.arch}`)
    .digest('hex')
  const folder = join(tmpdir(), `sojourn-dependents-${key.slice(0, 12)}`)
  if (existsSync(folder)) return folder
  console.log(`# installing the dependents into ${folder}, which takes some minutes the first time`)
  const unfinished = mkdtempSync(`${folder}-`)
  try {
    cpSync(PACKAGES, unfinished, { recursive: true })
    // Not `npm ci`: not every registry has the optional packages of every platform.
    run(unfinished, 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'])
    await Promise.all(COMPILED.map((name) => compile(unfinished, name)))
    renameSync(unfinished, folder)
  } catch (error) {
    // Another run was faster.
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}

/** Where it fails, `notCompiled` of the package tells its test why. */
async function compile(folder: string, name: string): Promise<void> {
  const prefix = dirname(dirname(process.execPath))
  const headers = existsSync(join(prefix, 'include/node/node.h')) ? [`--nodedir=${prefix}`] : []
  const gyp = join(folder, 'node_modules/node-gyp/bin/node-gyp.js')
  const cwd = join(folder, 'node_modules', name)
  try {
    await promisify(execFile)(process.execPath, [gyp, 'rebuild', '--release', ...headers], {
      cwd,
      maxBuffer: 2 ** 28,
    })
    rmSync(join(cwd, 'build/Release/obj.target'), { recursive: true, force: true })
    rmSync(join(cwd, 'build/Release/obj'), { recursive: true, force: true })
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    writeFileSync(join(cwd, 'not-compiled'), `needs g++, make and python3: ${stderr.slice(-1500)}`)
  }
}

/**
 * The same packages as hard links, with our tarball as `sojourn`, and `express-session` another name for it, as after
 * `npm install express-session@npm:sojourn`.
 */
export function withOurs(base: string, tarball: string, folder: string): void {
  cpSync(join(base, 'package.json'), join(folder, 'package.json'))
  linkTree(join(base, 'node_modules'), join(folder, 'node_modules'))
  const ours = join(folder, 'node_modules/sojourn')
  const alias = join(folder, 'node_modules/express-session')
  mkdirSync(ours)
  run(folder, 'tar', ['xzf', tarball, '--strip-components=1', '-C', ours])
  const dependencies = (path: string) => Object.keys(require(join(path, 'package.json')).dependencies ?? {})
  // A list that grows while it is read: with the dependencies of dependencies.
  const wanted = dependencies(ours)
  for (const name of wanted) {
    const from = join(ROOT, 'node_modules', name)
    wanted.push(...dependencies(from).filter((further) => !wanted.includes(further)))
    cpSync(from, join(ours, 'node_modules', name), { recursive: true })
  }
  rmSync(alias, { recursive: true })
  symlinkSync('sojourn', alias)
}

function linkTree(from: string, to: string): void {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) linkTree(source, target)
    else if (entry.isFile()) linkSync(source, target)
    // What links say is relative: .bin and the like.
    else cpSync(source, target, { verbatimSymlinks: true })
  }
}
