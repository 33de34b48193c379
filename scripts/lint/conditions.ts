// Defects of `if`/`then`: conditions that hold where nobody meant them to, and consequences that can never fail.
import { arrayAt, deref, isObject, type Json, type JsonObject, objectAt, sameJson } from '../spec/json.js';
import { type Path, type Report, walkAllSchemas } from './finding.js';

export function lintConditions(document: JsonObject, report: Report): void {
  walkAllSchemas(document, (schema, path) => {
    const inside = arrayAt(schema, 'allOf').map((member, index): [Json, Path] => [member, [...path, 'allOf', index]]);
    // A condition speaks of the schema that it stands in, or whose `allOf` it is a member of.
    const own: [Json, Path][] = path.at(-2) === 'allOf' ? [] : [[schema, path]];
    for (const [part, at] of [...own, ...inside]) {
      if (isObject(part) && part.if !== undefined) lintCondition(document, schema, part, at, report);
    }
  });
}

function lintCondition(document: JsonObject, outer: JsonObject, part: JsonObject, at: Path, report: Report): void {
  const demanded = [...arrayAt(outer, 'required'), ...arrayAt(objectAt(part, 'if'), 'required')];
  for (const name of Object.keys(objectAt(objectAt(part, 'if'), 'properties') ?? {})) {
    if (!demanded.includes(name)) {
      report('vacuous-if', [...at, 'if'], `also holds where \`${name}\` is absent, since it is not in \`required\``);
    }
  }
  const consequence = objectAt(part, 'then');
  if (consequence && part.else === undefined && alwaysHolds(document, outer, consequence)) {
    report('condition-never-fails', [...at, 'then'], 'demands nothing that is not demanded without the condition');
  }
}

/** Whether `then` holds of all that `outer` admits, as far as enums and `required` tell. */
function alwaysHolds(document: JsonObject, outer: JsonObject, then: JsonObject): boolean {
  if (Object.keys(then).some((key) => key !== 'properties' && key !== 'required')) return false;
  if (arrayAt(then, 'required').some((name) => !arrayAt(outer, 'required').includes(name))) return false;
  return Object.entries(objectAt(then, 'properties') ?? {}).every(([name, demand]) => {
    const property = objectAt(outer, 'properties')?.[name];
    const all = arrayAt(property === undefined ? undefined : deref(document, property), 'enum');
    const admitted = arrayAt(demand, 'enum');
    const onlyEnum = isObject(demand) && Object.keys(demand).every((key) => key === 'enum' || key === 'type');
    return onlyEnum && all.length > 0 && all.every((value) => admitted.some((one) => sameJson(one, value)));
  });
}
