// matrix-js-sdk, with its Rust cryptography, as the client of people who are told in JSON lines what to do.
//
//   {"id": 1, "person": "claire’s telephone", "do": "send", "with": {…}}   on stdin is answered by
//   {"id": 1, "gives": …}   or   {"id": 1, "refused": {"message": …, "status": …}}   on stdout, where also stands
//   {"person": "claire’s telephone", "room_id": …, "event": {…}}   or   {…, "invited": "!room"}   when it is seen.
//
// Each person is a device whose keys are in memory alone. A signed one exchanges keys with signed ones only. All of it
// ends when stdin does.

import { Buffer } from 'node:buffer';
import { Console } from 'node:console';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { Attachment, EncryptedAttachment } from '@matrix-org/matrix-sdk-crypto-wasm';
import { ClientEvent, createClient, Filter, MatrixEventEvent, RoomMemberEvent, SyncState } from 'matrix-js-sdk';
import {
  AllDevicesIsolationMode,
  EventShieldColour,
  EventShieldReason,
  OnlySignedDevicesIsolationMode,
} from 'matrix-js-sdk/lib/crypto-api/index.js';
import { logger } from 'matrix-js-sdk/lib/logger.js';

const EVERYTHING = { room: { timeline: { limit: 100 } }, presence: { types: [] } };
const LONG_POLL_MS = 20_000;
const BACK_AFTER_MS = 500;
const SEEN_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 20;

// Libraries write to the console, and stdout is for answers alone.
globalThis.console = new Console(process.stderr);

logger.setLevel('warn');
const quiet = {
  ...Object.fromEntries(['trace', 'debug', 'info', 'log'].map((level) => [level, () => undefined])),
  warn: (...words) => console.warn(...words),
  error: (...words) => console.error(...words),
  getChild: () => quiet,
};

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function until(holds, what) {
  const deadline = Date.now() + SEEN_WITHIN_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`the client has not seen ${what} within ${SEEN_WITHIN_MS / 1000} s`);
    await sleep(LOOK_EVERY_MS);
  }
}

class Person {
  /** Makes the device's keys, and if it is to be signed the identity that does. */
  static async enter(name, { homeserver_url, user_id, device_id, access_token, signed }) {
    const client = createClient({
      baseUrl: homeserver_url,
      userId: user_id,
      deviceId: device_id,
      accessToken: access_token,
      logger: quiet,
    });
    await client.initRustCrypto({ useIndexedDB: false });
    // A strict client does not write from a device that its owner has not signed; that is what a lax one is for.
    const mode = signed ? new OnlySignedDevicesIsolationMode() : new AllDevicesIsolationMode(false);
    const person = new Person(name, client, mode);
    const filter = Filter.fromJson(user_id, undefined, EVERYTHING);
    await client.startClient({ filter, pollTimeout: LONG_POLL_MS, threadSupport: false });
    await until(() => client.isInitialSyncComplete(), 'its first sync');
    if (signed) await person.crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: (upload) => upload(null) });
    return person;
  }

  constructor(name, client, mode) {
    this.name = name;
    this.client = client;
    this.crypto = client.getCrypto();
    this.crypto.setDeviceIsolationMode(mode);
    this.told = Promise.resolve();
    this.unread = new Set();
    client.on(ClientEvent.Event, (event) => this.tell(event));
    client.on(MatrixEventEvent.Decrypted, (event) => this.unread.has(event.getId()) && this.tell(event));
    client.on(RoomMemberEvent.Membership, (event, member) => {
      if (member.userId === client.getUserId() && member.membership === 'invite') {
        say({ person: name, invited: event.getRoomId() });
      }
    });
    client.on(ClientEvent.Sync, (state) => {
      // By itself the client would look for a homeserver that was away every ten seconds or so.
      if (state === SyncState.Reconnecting || state === SyncState.Error) {
        setTimeout(() => client.retryImmediately(), BACK_AFTER_MS);
      }
    });
  }

  /** Tells of an event of a room, decrypted, in the order in which events come. */
  tell(event) {
    const [roomId, eventId] = [event.getRoomId(), event.getId()];
    if (!roomId || !eventId) return; // typing, presence, what an invitation shows of the room
    this.told = this.told.then(async () => {
      await this.client.decryptEventIfNeeded(event);
      if (event.isDecryptionFailure()) {
        if (this.unread.has(eventId)) return;
        this.unread.add(eventId);
      } else {
        this.unread.delete(eventId);
      }
      say({ person: this.name, room_id: roomId, event: asRead(event) });
    });
  }

  /** Sends an event into a room, encrypted where the room is. */
  async send({ room_id, type, content }) {
    await this.hasRoomOnScreen(room_id);
    return (await this.client.sendEvent(room_id, null, type, content)).event_id;
  }

  /**
   * Waits until the client knows of a room what the homeserver does. What is typed sooner, as only a test can, goes out
   * in plain text where the encryption has not been heard of, and cannot be read by who has just joined.
   */
  async hasRoomOnScreen(roomId) {
    const state = await this.client.roomState(roomId);
    const joined = state.filter((event) => event.type === 'm.room.member' && event.content.membership === 'join');
    const encrypted = state.some((event) => event.type === 'm.room.encryption');
    const room = () => this.client.getRoom(roomId);
    await until(
      () =>
        joined.every((event) => room()?.getMember(event.state_key)?.membership === 'join') &&
        encrypted === room().hasEncryptionStateEvent(),
      `the present state of ${roomId}`,
    );
  }

  /** What is to be uploaded of a file, and what its readers need beside that. */
  encrypt_file({ data }) {
    const encrypted = Attachment.encrypt(Buffer.from(data, 'base64'));
    return {
      data: Buffer.from(encrypted.encryptedData).toString('base64'),
      file: JSON.parse(encrypted.mediaEncryptionInfo),
    };
  }

  /** The bytes of an encrypted file, once its hash has been compared. */
  decrypt_file({ data, file }) {
    const encrypted = new EncryptedAttachment(Buffer.from(data, 'base64'), JSON.stringify(file));
    return Buffer.from(Attachment.decrypt(encrypted)).toString('base64');
  }

  /** The devices of a user with whom an encrypted room is shared, and whether each is signed by its owner. */
  async devices({ user_id }) {
    const devices = (await this.crypto.getUserDeviceInfo([user_id])).get(user_id);
    if (!devices) throw new Error(`the client does not follow the devices of ${user_id}`);
    return Promise.all(
      [...devices.values()].map(async ({ deviceId, displayName }) => {
        const status = await this.crypto.getDeviceVerificationStatus(user_id, deviceId);
        return { device_id: deviceId, display_name: displayName ?? '', signed_by_owner: status.signedByOwner };
      }),
    );
  }

  /** What clients warn of beside an event: its colour and its reason, or null for an event that was not encrypted. */
  async shield({ room_id, event_id }) {
    const event = this.client.getRoom(room_id)?.findEventById(event_id);
    if (!event) throw new Error(`the client has not seen ${event_id}`);
    const info = await this.crypto.getEncryptionInfoForEvent(event);
    if (!info) return null;
    return { colour: EventShieldColour[info.shieldColour], reason: EventShieldReason[info.shieldReason] ?? null };
  }
}

/** An event as a sync response would show it if nothing were encrypted. */
function asRead(event) {
  const read = {
    event_id: event.getId(),
    sender: event.getSender(),
    origin_server_ts: event.getTs(),
    ...(event.isState() ? { state_key: event.getStateKey() } : {}),
  };
  const outside = event.getWireContent();
  if (event.isDecryptionFailure()) {
    return { ...read, type: event.getWireType(), content: outside, unreadable: event.decryptionFailureReason };
  }
  const content = { ...event.getOriginalContent() };
  if (event.isEncrypted()) {
    // Clients go by the relation outside the ciphertext, and by no other.
    delete content['m.relates_to'];
    if (outside['m.relates_to']) content['m.relates_to'] = outside['m.relates_to'];
  }
  return { ...read, type: event.getType(), content };
}

const people = new Map();

async function act({ person, do: act, with: details }) {
  if (act === 'enter') {
    people.set(person, await Person.enter(person, details));
    return null;
  }
  return people.get(person)[act](details);
}

process.on('unhandledRejection', (error) => console.error(error)); // a homeserver that is away, for the most part

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  act(order).then(
    (gives) => say({ id: order.id, gives: gives ?? null }),
    (error) => {
      console.error(error);
      say({ id: order.id, refused: { message: String(error?.message ?? error), status: error?.httpStatus ?? null } });
    },
  );
}
process.exit(0);
