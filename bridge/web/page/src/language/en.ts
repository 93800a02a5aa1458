/** The page in English. */
import type { Messages } from './messages';

export const en: Messages = {
  language: { choose: 'Language of this page' },
  loading: 'Loading…',
  retry: 'Try again',
  close: 'Close',

  notice: {
    title: 'This call is transcribed',
    text: 'What you say will be recorded, written down under the name you give here, then posted in the room that this link comes from. The members of the room will be able to read it.',
    soundErased: 'The service erases the sound as soon as the text is posted.',
    soundKept: 'The service keeps the sound after the text is posted.',
    soundElsewhere: (host) => `The sound and the participants’ names are sent to ${host} for the transcript.`,
    wordsElsewhere: (host) => `The text and the participants’ names are sent to ${host} for the minutes.`,
    allElsewhere: (host) =>
      `The sound, the text and the participants’ names are sent to ${host} for the transcript and the minutes.`,
    allElsewhereApart: (soundHost, wordsHost) =>
      `The sound is sent to ${soundHost} for the transcript, and the text to ${wordsHost} for the minutes, both with the participants’ names.`,
    notRecorded: 'Neither pictures nor the written chat are recorded.',
    staySilent: 'To stay out of the transcript, keep your microphone off.',
    none: 'This call is not transcribed.',
  },

  prejoin: {
    heading: (title) => `Join the call “${title}”`,
    nameLabel: 'Your name',
    nameHint: 'The other participants will see it. 64 characters at most.',
    nameMissing: 'Enter your name to join the call.',
    nameRefused: 'This name cannot be used. Use letters, digits and spaces.',
    preview: 'Preview of your camera',
    cameraOff: 'Camera off',
    cameraStarting: 'Starting the camera…',
    join: 'Join the call',
    joining: 'Joining the call…',
    listenOnly: 'You will join without a microphone: you will hear the others, and can write to them.',
    sharedMicrophone: 'Several people speak into this microphone',
    sharedMicrophoneHint: 'The transcript will then tell the voices apart: voice\u00a01, voice\u00a02…',
  },

  microphone: {
    label: 'Microphone',
    turnOn: 'Turn microphone on',
    turnOff: 'Turn microphone off',
    off: 'Microphone off',
    starting: 'Starting the microphone…',
    level: 'Microphone level',
  },
  voice: { silent: 'Say a few words to try your microphone.', heard: 'Your microphone works.' },
  camera: { label: 'Camera', turnOn: 'Turn camera on', turnOff: 'Turn camera off' },
  speaker: { label: 'Speaker' },
  devices: {
    title: 'Sound and picture settings',
    unnamed: (index) => `Device ${index}`,
    byDefault: 'Default device',
  },
  microphoneProblem: {
    denied:
      'The browser does not allow access to the microphone. To speak, allow it in the site settings, next to the page’s address.',
    missing: 'No microphone was found.',
    busy: 'Another application is using the microphone. Close it, then turn the microphone on again.',
    unsupported: 'This browser gives no access to the microphone on this page.',
    failed: 'The microphone does not respond. Choose another one, or turn it on again.',
  },
  cameraProblem: {
    denied:
      'The browser does not allow access to the camera. To be seen, allow it in the site settings, next to the page’s address.',
    missing: 'No camera was found. You can take part without one.',
    busy: 'Another application is using the camera. Close it, then turn the camera on again.',
    unsupported: 'This browser gives no access to the camera on this page.',
    failed: 'The camera does not respond. Choose another one, or turn it on again.',
  },

  call: {
    heading: (title) => `Call “${title}”`,
    participants: (count) => (count === 1 ? '1 participant' : `${count} participants`),
    grid: 'Participants',
    you: (name) => `${name} (you)`,
    microphoneOff: 'microphone off',
    speaking: 'speaking',
    controls: 'Call controls',
    leave: 'Leave',
    settings: 'Settings',
    pages: 'Pages of participants',
    page: (current, total) => `Page ${current} of ${total}`,
    previousPage: 'Previous page',
    nextPage: 'Next page',
    alone: 'You are alone in the call for now.',
    connecting: 'Connecting to the call…',
    reconnecting: 'Connection lost. Trying again…',
    reconnected: 'Connection restored.',
    soundBlocked: 'The browser is waiting for your permission to play the call’s sound.',
    enableSound: 'Turn sound on',
    joined: (name) => `${name} has joined the call.`,
    gone: (name) => `${name} has left the call.`,
  },
  screenShare: {
    start: 'Share screen',
    stop: 'Stop sharing',
    by: (name) => `Screen shared by ${name}`,
    yours: 'You are sharing your screen',
    failed: 'Screen sharing could not start.',
  },
  transcription: {
    banner: 'This call is transcribed',
    running: 'Transcription running',
    waiting: 'Transcription not started yet',
    stopped: 'The transcription has been stopped',
    erased: 'What had been recorded is erased',
  },
  chat: {
    title: 'Chat',
    open: 'Open the chat',
    close: 'Close the chat',
    openWithUnread: (count) => (count === 1 ? 'Open the chat, 1 new message' : `Open the chat, ${count} new messages`),
    empty: 'No message yet.',
    ephemeral: 'The chat is not kept after the call.',
    inputLabel: 'Your message',
    send: 'Send',
    failed: 'The message was not sent. Try again.',
    from: (name, time) => `${name}, ${time}`,
    arrived: (name) => `New message from ${name}.`,
  },

  left: {
    title: {
      left: 'You have left the call',
      ended: 'The call has ended',
      removed: 'You were removed from the call',
      elsewhere: 'You joined the call elsewhere',
      lost: 'The connection to the call is lost',
      failed: 'The call could not be joined',
    },
    text: {
      left: 'You can come back until it has ended.',
      ended: 'Thank you for taking part.',
      removed: 'Ask the person who opened the call to know more.',
      elsewhere: 'The call goes on in another tab or on another device.',
      lost: 'Check your internet connection, then join the call again.',
      failed:
        'The call server does not answer your browser. Your network may be blocking it: try again, or change networks.',
    },
    transcript: 'The transcript will appear in the room that this link comes from, once the call has ended.',
    rejoin: 'Return to the call',
    closeTab: 'You can close this tab.',
  },
  problem: {
    unknown_link: {
      title: 'Unknown call link',
      text: 'No call has this link. Check that it is complete, or ask for a new one in your room with the command !visio.',
    },
    call_over: { title: 'This call has ended', text: 'To open another one, type !visio in your room.' },
    call_full: {
      title: 'This call is full',
      text: 'It holds as many participants as it may. Try again when someone has left.',
    },
    bad_name: {
      title: 'This name cannot be used',
      text: 'Use letters, digits and spaces, 64 characters at most.',
    },
    livekit_unreachable: {
      title: 'The call server does not answer',
      text: 'Try again in a moment. If this lasts, tell the administrator of the service.',
    },
    unavailable: {
      title: 'The service is unavailable for the moment',
      text: 'Try again in a moment. If this lasts, tell the administrator of the service.',
    },
    unreachable: { title: 'The service does not answer', text: 'Check your internet connection, then try again.' },
  },
  browserTooOld: 'This browser cannot make calls. Update it, or open this link in another one.',
};
