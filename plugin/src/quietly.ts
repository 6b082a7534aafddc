// Owns: silence while the CLI's code runs inside ours. It warns and passes on what its tools say; our binary words all that.
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const {write} = process.stderr
  process.stderr.write = () => true
  try {
    return await work()
  } finally {
    process.stderr.write = write
  }
}
