// Loaded into a node's process by `--import`, as people load their OpenTelemetry SDK: writes each ended span as a line of JSON.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, SimpleSpanProcessor, type ReadableSpan } from "@opentelemetry/sdk-trace-base";

const folder = process.env["SPAN_FOLDER"];
if (folder === undefined) throw new Error("SPAN_FOLDER is not set");
const file = join(folder, `${process.pid}.jsonl`);

function write(spans: ReadableSpan[]): void {
  for (const span of spans) {
    const { traceId, spanId } = span.spanContext();
    const parentId = span.parentSpanContext?.spanId ?? null;
    const { name, kind, attributes } = span;
    appendFileSync(file, `${JSON.stringify({ traceId, spanId, parentId, name, kind, attributes })}\n`);
  }
}

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(
  new BasicTracerProvider({
    spanProcessors: [
      new SimpleSpanProcessor({
        export: (spans, done) => {
          write(spans);
          done({ code: 0 });
        },
        shutdown: async () => undefined,
      }),
    ],
  }),
);
