import type { MessageTable } from '../protobuf/message-walk.ts';

/** Messages of ONNX (onnx.proto3) that lead to nodes and tensors. */
export type OnnxMessage = 'Model' | 'Training' | 'Graph' | 'Node' | 'Attribute' | 'Function' | 'Tensor' | 'SparseTensor' | 'Entry';

export const ONNX_MESSAGES: MessageTable<OnnxMessage> = {
  Model: { 7: 'Graph', 14: 'Entry', 20: 'Training', 25: 'Function' },
  Training: { 1: 'Graph', 2: 'Graph', 3: 'Entry', 4: 'Entry' },
  Graph: { 1: 'Node', 5: 'Tensor', 15: 'SparseTensor', 16: 'Entry' },
  Node: { 5: 'Attribute', 9: 'Entry' },
  Attribute: { 5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 22: 'SparseTensor', 23: 'SparseTensor' },
  Function: { 7: 'Node', 11: 'Attribute', 14: 'Entry' },
  Tensor: { 16: 'Entry' },
  SparseTensor: { 1: 'Tensor', 2: 'Tensor' },
  Entry: {},
};
