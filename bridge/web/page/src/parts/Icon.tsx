/** The page's own icons: drawn on 24 × 24, one line weight, always beside or under words. */
const PATHS = {
  mic: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3Z M5 11v1a7 7 0 0 0 14 0v-1 M12 19v3',
  micOff:
    'M9 9v3a3 3 0 0 0 4.5 2.6 M15 10V6a3 3 0 0 0-5.7-1.3 M5 11v1a7 7 0 0 0 11 5.7 M19 11v1c0 .9-.2 1.7-.5 2.5 M12 19v3 M3 3l18 18',
  camera: 'M3 7a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2Z M16 10l5-3v10l-5-3',
  cameraOff:
    'M10 5h4a2 2 0 0 1 2 2v4 M16 16v1a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V7c0-1 .6-1.7 1.5-1.9 M16 10l5-3v10l-3-1.8 M3 3l18 18',
  screen: 'M3 5h18v12H3Z M8 21h8 M12 17v4 M12 14V8 M9 11l3-3 3 3',
  screenOff: 'M3 5h18v12H3Z M8 21h8 M12 17v4 M9.5 8.500l5 5 M14.5 8.500l-5 5',
  chat: 'M4 5h16v11H10l-4 4v-4H4Z M8 9h8 M8 12h5',
  settings: 'M4 7h9 M17 7h3 M15 5v4 M4 17h3 M11 17h9 M9 15v4',
  leave: 'M4 15.500c-1-3 3-6.5 8-6.500s9 3.5 8 6.500l-4-.800v-2.700c-2.6-.8-5.4-.8-8 0v2.700Z',
  close: 'M6 6l12 12 M18 6L6 18',
  record: 'M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16Z M12 9a3 3 0 1 0 0 6a3 3 0 0 0 0-6Z',
  waiting: 'M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16Z M12 8v4l3 2',
  speaking: 'M5 10v4 M9 7v10 M13 9v6 M17 5v14 M21 10v4',
  info: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18Z M12 11v5 M12 7.500v.5',
  warning: 'M12 3.500L2.5 20h19Z M12 10v5 M12 17.500v.2',
  ended: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18Z M8 12.500l3 3 5-6',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
