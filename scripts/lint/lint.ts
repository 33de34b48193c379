// All rules of `npm run spec:lint`, and how their findings read as a list.
import type { GatewayConfig } from '../gateways.js';
import type { JsonObject } from '../spec/json.js';
import { lintConditions } from './conditions.js';
import { lintExamples } from './examples.js';
import { type Finding, reporter } from './finding.js';
import { lintOperations } from './operations.js';
import { lintSchemas } from './schemas.js';

/** Findings in the order of the rules below, then of the document. */
export function lintDocument(document: JsonObject, gateway: GatewayConfig): Finding[] {
  const findings: Finding[] = [];
  const report = reporter(findings);
  lintOperations(document, gateway, report);
  lintSchemas(document, report);
  lintConditions(document, report);
  lintExamples(document, report);
  return findings;
}

export function countByRule(findings: readonly Finding[]): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) groups.set(finding.rule, [...(groups.get(finding.rule) ?? []), finding]);
  return groups;
}

/** `limit` findings of each rule, with their pointers. */
export function listing(findings: readonly Finding[], limit: number): string {
  const lines: string[] = [];
  for (const [rule, group] of countByRule(findings)) {
    lines.push(`${rule} (${group.length})`);
    for (const { at, message } of group.slice(0, limit)) lines.push(`  ${at}\n      ${message}`);
    if (group.length > limit) lines.push(`  … and ${group.length - limit} more; --all lists them`);
  }
  return lines.join('\n');
}
