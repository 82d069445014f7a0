import { Client } from 'pg';
import { ElulmcError } from '../core/errors.ts';
import { clientConfig, destroyClient } from './connection.ts';
import { readPosture } from './posture-reader.ts';
import type { PostureAnswer } from './posture-reader.ts';
import { POSTURE_CHANNEL } from './posture-writer.ts';

/** Longest wait for a connection and for an answer: well below the lease, because a frozen server never says no. */
const TIMEOUT_MS = 800;

export interface PostureConnection {
  /** One read at a time. Fails when the server does not answer within 800 ms; the connection is useless then. */
  read(knownVersion: number): Promise<PostureAnswer>;
  /** Drops the connection at once. */
  destroy(): void;
}

export interface PostureConnectionEvents {
  /** The posture may have changed. */
  readonly onWake: () => void;
  /** The connection ended by itself. Not called after `destroy`. */
  readonly onLost: (error: Error) => void;
}

/** A connection that listens for changes of the posture. Loads nothing but `pg`: it runs in every gateway worker. */
export async function openPostureConnection(databaseUrl: string, events: PostureConnectionEvents): Promise<PostureConnection> {
  const client = new Client(clientConfig(databaseUrl, TIMEOUT_MS));
  let live = true;
  const lost = (error: Error): void => {
    if (!live) return;
    live = false;
    destroyClient(client);
    events.onLost(error);
  };
  const destroy = (): void => {
    live = false;
    destroyClient(client);
  };
  client.on('notification', events.onWake);
  client.on('error', lost);
  client.on('end', () => {
    lost(new ElulmcError('DATABASE_UNAVAILABLE', 'the server ended the connection'));
  });
  try {
    await client.connect();
    await client.query(`listen ${POSTURE_CHANNEL}`);
  } catch (error) {
    destroy();
    throw error;
  }
  return { read: (knownVersion) => readPosture(client, knownVersion), destroy };
}
