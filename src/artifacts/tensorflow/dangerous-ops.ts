import type { Rule } from '../findings/rule.ts';
import { TENSORFLOW_RULES } from './tensorflow-rules.ts';

interface OpFamily {
  readonly rule: Rule;
  readonly can: string;
  readonly ops: string;
}

/**
 * Operations of TensorFlow with effects outside of the graph. Names are facts of its op registry and of other scanners' lists, together
 * with names that no registry has and that say what they do. Saving, restoring and lookup tables from assets are ordinary: every
 * SavedModel has them.
 */
const FAMILIES: readonly OpFamily[] = [
  {
    rule: TENSORFLOW_RULES.dangerousOp,
    can: 'calls Python',
    ops: 'PyFunc PyFuncStateless EagerPyFunc PyCall PyOp PyFunction NumpyFunction PyFuncV2 PythonOp PythonCall _PyFunc _EagerPyFunc ScriptOp EvalPython',
  },
  {
    rule: TENSORFLOW_RULES.dangerousOp,
    can: 'reads or writes any file',
    ops: `ReadFile WriteFile MatchingFiles ImmutableConst WholeFileReader WholeFileReaderV2 DatasetToTFRecord ExperimentalDatasetToTFRecord SaveDataset
      SaveDatasetV2 LoadDataset DistributedSave CopyFile DeleteFile RenameFile AppendFile OpenFile`,
  },
  {
    rule: TENSORFLOW_RULES.dangerousOp,
    can: 'loads native code or runs commands',
    ops: 'LoadLibrary LoadOpLibrary LoadPluggableDeviceLibrary ShellExecute ShellCommand SystemCommand System Exec ExecuteOp ExecuteCommand Subprocess Popen Shell',
  },
  {
    rule: TENSORFLOW_RULES.sideEffectOp,
    can: 'sends or writes what flows through it',
    ops: `DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount DebugNumericSummary DebugNumericSummaryV2 CreateSummaryFileWriter
      CreateSummaryDbWriter WriteSummary WriteScalarSummary WriteHistogramSummary WriteImageSummary WriteAudioSummary WriteGraphSummary
      WriteRawProtoSummary ImportEvent SummaryWriter`,
  },
  {
    rule: TENSORFLOW_RULES.sideEffectOp,
    can: 'reads files as a stream of data',
    ops: `TextLineReader TextLineReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 TFRecordReader TFRecordReaderV2 LMDBReader TextLineDataset
      TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2 ExperimentalCSVDataset SqlDataset
      ExperimentalSqlDataset LMDBDataset ExperimentalLMDBDataset CacheDataset CacheDatasetV2 SnapshotDataset SnapshotDatasetV2
      MatchingFilesDataset ExperimentalMatchingFilesDataset LoadAndRemapMatrix GenerateVocabRemapping`,
  },
  {
    rule: TENSORFLOW_RULES.sideEffectOp,
    can: 'calls other machines or changes the runtime',
    ops: `Rpc TryRpc RpcCall RpcClient RpcServer RpcServerRegister RpcServerStart FileSystemSetConfiguration GcsConfigureCredentials GcsConfigureBlockCache BigQueryReader
      DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 RegisterDataset RegisterDatasetV2 RemoteFusedGraphExecute
      SystemConfig ConfigureDistributedTPU`,
  },
];

export interface OpDanger {
  readonly rule: Rule;
  readonly can: string;
}

const OPS: ReadonlyMap<string, OpDanger> = new Map(FAMILIES.flatMap(({ rule, can, ops }) => ops.split(/\s+/).map((op) => [op, { rule, can }] as const)));

/** Parts of a name that say what an operation does which no table has. */
const TELLING =
  /PyFunc|PyCall|NumpyFunc|ShellExec|ShellCommand|SystemCommand|RunCommand|Subprocess|Popen|Load(?:Op|Dynamic|Shared|Native|Kernel)?Library|Dlopen|(?:Read|Write|Delete|Append)File(?![a-z])/i;

/** What an operation can do beyond computing; null when it computes only, as far as its name tells. */
export function opDanger(op: string): OpDanger | null {
  // Operations of other libraries are `Library>Name`, those that TensorFlow rewrites begin with an underscore.
  const name = op.slice(op.lastIndexOf('>') + 1);
  const known = OPS.get(name) ?? OPS.get(name.replace(/^_+/, ''));
  if (known !== undefined) return known;
  if (name.startsWith('DebugIdentity')) return { rule: TENSORFLOW_RULES.sideEffectOp, can: 'sends or writes what flows through it' };
  return TELLING.test(name) ? { rule: TENSORFLOW_RULES.dangerousOp, can: 'says by its name that it runs code or touches files' } : null;
}
