import { expect, test } from 'vitest';
import { AggregatorRegistry } from 'prom-client';
import { GatewayMetrics } from '../../src/gateway/metrics.ts';
import type { EndedExchange } from '../../src/gateway/metrics.ts';

const GAUGES = { activeRequests: 3, activeStreams: 2, ledgerLagSeconds: 0.5, leaseAgeSeconds: 0.25, postureVersion: 7 };
const ENDED: EndedExchange = {
  operation: 'chat',
  model: 'm',
  code: '',
  forwarded: true,
  tookMs: 30,
  firstEventMs: 6,
  promptTokens: 7,
  completionTokens: 3,
};

async function printed(...workers: readonly GatewayMetrics[]): Promise<string> {
  return AggregatorRegistry.aggregate(workers.map((worker) => [...worker.export()])).metrics();
}

test('workers are summed; gauges are summed, largest or smallest as they mean it', async () => {
  const a = new GatewayMetrics(() => GAUGES);
  const b = new GatewayMetrics(() => ({ ...GAUGES, ledgerLagSeconds: 1.5, postureVersion: 6 }));
  a.ended(ENDED);
  b.ended({ ...ENDED, tookMs: 100_000 });
  const text = await printed(a, b);
  const labels = 'gen_ai_operation_name="chat",gen_ai_request_model="m"';
  expect(text).toContain(`gen_ai_server_request_duration_seconds_bucket{${labels},le="0.02"} 0`);
  expect(text).toContain(`gen_ai_server_request_duration_seconds_bucket{${labels},le="0.04"} 1`);
  expect(text).toContain(`gen_ai_server_request_duration_seconds_bucket{${labels},le="+Inf"} 2`);
  expect(text).toContain(`gen_ai_server_time_to_first_token_seconds_count{${labels}} 2`);
  expect(text).toContain(`gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="input"} 14`);
  expect(text).toContain('elulmc_active_streams 4');
  expect(text).toContain('elulmc_ledger_lag_seconds 1.5');
  expect(text).toContain('elulmc_posture_version 6');
});

test('refusals are counted by reason; strangers have no series of their own', async () => {
  const metrics = new GatewayMetrics(() => GAUGES);
  metrics.ended({ ...ENDED, operation: null, code: 'KEY_UNKNOWN', forwarded: false });
  metrics.ended({ ...ENDED, code: 'ISOLATED', forwarded: false });
  metrics.ended({ ...ENDED, code: 'ISOLATED', forwarded: true });
  const text = await printed(metrics);
  expect(text).toContain('elulmc_rejects_total{reason="KEY_UNKNOWN"} 1');
  expect(text).toContain('elulmc_rejects_total{reason="ISOLATED"} 1');
  expect(text).toContain('gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_request_model="m",error_type="ISOLATED"} 2');
  expect(text).not.toContain('error_type="KEY_UNKNOWN"');
});
