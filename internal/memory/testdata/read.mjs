// Prints the rows of a file of flows as JSON, with a reader that has nothing in common with ours (npm hyparquet).
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [, , modules, name] = process.argv
const require = createRequire(modules + '/')
const load = (m) => import(pathToFileURL(require.resolve(m)))
const { asyncBufferFromFile, parquetReadObjects, parquetMetadataAsync } = await load('hyparquet')
const { compressors } = await load('hyparquet-compressors')
const file = await asyncBufferFromFile(name)
const meta = await parquetMetadataAsync(file)
const rows = await parquetReadObjects({ file, compressors })
const plain = (_, v) => (typeof v === 'bigint' ? Number(v) : v)
console.log(JSON.stringify({ version: meta.key_value_metadata.find((x) => x.key === 'mimawari.flows')?.value, rows }, plain))
