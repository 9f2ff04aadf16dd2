const { AwsInstrumentation } = require('@opentelemetry/instrumentation-aws-sdk')
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')

const exporter = new InMemorySpanExporter()
const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
tracerProvider.register()
const instrumentation = new AwsInstrumentation()
instrumentation.setTracerProvider(tracerProvider)
instrumentation.enable()

/** Uploads while OpenTelemetry instruments the SDK. Prints the statuses, the sizes stored, and the names of the spans. */
async function main() {
  const { openRoute } = require('./lib.cjs')
  const { startS3 } = require('s3-upstream/testing')
  const s3 = await startS3({ buckets: ['uploads'], requirePartChecksums: true })
  const route = await openRoute({ client: s3.client })
  const statuses = [await route.send(10), await route.send((5 << 20) + 1)]
  const sizes = s3.objects('uploads').map(({ size }) => size)
  const spans = [...new Set(exporter.getFinishedSpans().map(({ name }) => name))]
  route.close()
  await s3.close()
  process.stdout.write(JSON.stringify({ statuses, sizes, spans: spans.sort(), errors: route.errors }))
}
main()
