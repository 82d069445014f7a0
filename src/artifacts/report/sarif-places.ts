import type { Artifact, Location } from 'sarif';
import { placeOf } from './apply-waivers.ts';
import type { ReportedFile, ReportedFinding } from './scan-document.ts';

const BASE = 'MODEL';

/** A relative reference with everything escaped that has a meaning in URIs. */
function uriOf(path: string): string {
  return path
    .toWellFormed()
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
}

/**
 * Artifacts of a run: the files of the report, and nested in them the members that findings are in (SARIF 2.1.0, section 3.24.3), so
 * that the offset of a region counts from the beginning of the member.
 */
export class SarifPlaces {
  readonly artifacts: Artifact[] = [];
  readonly #indices = new Map<string, number>();

  constructor(files: readonly ReportedFile[]) {
    for (const file of files) this.#file(file.path, file);
  }

  locationOf({ path, offset }: ReportedFinding): Location {
    const file = path[0] ?? '.';
    let index = this.#indices.get(placeOf([file])) ?? this.#file(file);
    for (let depth = 2; depth <= path.length; depth++) index = this.#member(path.slice(0, depth), index);
    const artifact = this.artifacts[index]?.location ?? {};
    return {
      physicalLocation: { artifactLocation: { ...artifact, index }, ...(offset === null ? {} : { region: { byteOffset: offset } }) },
      logicalLocations: [{ name: path.at(-1) ?? file, fullyQualifiedName: placeOf(path), kind: path.length > 1 ? 'member' : 'resource' }],
    };
  }

  #file(path: string, file?: ReportedFile): number {
    const hashes = file?.sha256 === null || file === undefined ? {} : { hashes: { 'sha-256': file.sha256 } };
    const length = file === undefined ? {} : { length: file.size };
    return this.#add(placeOf([path]), { location: { uri: uriOf(path), uriBaseId: BASE }, ...length, ...hashes, roles: ['analysisTarget'] });
  }

  #member(path: readonly string[], parentIndex: number): number {
    const place = placeOf(path);
    return this.#indices.get(place) ?? this.#add(place, { location: { uri: `/${uriOf(path.at(-1) ?? '')}` }, parentIndex });
  }

  #add(place: string, artifact: Artifact): number {
    const index = this.artifacts.push(artifact) - 1;
    this.#indices.set(place, index);
    return index;
  }
}
