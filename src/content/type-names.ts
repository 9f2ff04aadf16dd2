import mime from 'mime-types'

/**
 * Names of one type. The first is the one that the library uses: registered with IANA, or the usual one. The others are
 * names that browsers, operating systems and file-type give.
 */
const NAMES = [
  ['image/jpeg', 'image/jpg', 'image/pjpeg'],
  ['image/png', 'image/x-png'],
  ['image/apng', 'image/vnd.mozilla.apng'],
  ['image/bmp', 'image/x-bmp', 'image/x-ms-bmp'],
  ['image/vnd.microsoft.icon', 'image/x-icon', 'image/ico'],
  ['image/tiff', 'image/tif', 'image/x-tiff'],
  ['image/vnd.adobe.photoshop', 'image/x-photoshop', 'application/x-photoshop'],
  ['image/svg+xml', 'image/svg'],
  ['image/jxr', 'image/vnd.ms-photo'],
  ['audio/mpeg', 'audio/mp3', 'audio/x-mp3', 'audio/mpeg3', 'audio/x-mpeg'],
  ['audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave'],
  ['audio/flac', 'audio/x-flac'],
  ['audio/mp4', 'audio/x-m4a', 'audio/m4a'],
  ['audio/aac', 'audio/x-aac', 'audio/aacp'],
  ['audio/aiff', 'audio/x-aiff'],
  ['audio/midi', 'audio/mid', 'audio/x-midi'],
  ['audio/ogg', 'audio/opus', 'audio/x-ogg'],
  ['video/mp4', 'video/x-m4v'],
  ['video/vnd.avi', 'video/x-msvideo', 'video/avi', 'video/msvideo'],
  ['video/matroska', 'video/x-matroska'],
  ['audio/matroska', 'audio/x-matroska'],
  ['video/mj2', 'image/mj2'],
  ['video/mpeg', 'video/mp1s', 'video/mp2p', 'video/x-mpeg'],
  ['video/x-ms-asf', 'video/x-ms-wmv', 'application/vnd.ms-asf'],
  ['audio/x-ms-wma', 'audio/x-ms-asf'],
  ['application/zip', 'application/x-zip-compressed', 'application/x-zip', 'multipart/x-zip'],
  ['application/gzip', 'application/x-gzip', 'application/x-gtar-compressed'],
  ['application/x-tar', 'application/tar'],
  ['application/x-bzip2', 'application/x-bzip', 'application/bzip2'],
  ['application/zstd', 'application/x-zstd'],
  ['application/vnd.rar', 'application/x-rar-compressed', 'application/x-rar', 'application/rar'],
  ['application/pdf', 'application/x-pdf'],
  ['application/rtf', 'text/rtf', 'text/richtext'],
  ['application/postscript', 'application/eps', 'application/x-eps', 'image/x-eps'],
  [
    'application/vnd.microsoft.portable-executable',
    'application/x-msdownload',
    'application/x-msdos-program',
  ],
  ['application/x-msi', 'application/x-ole-storage-msi'],
  ['application/vnd.sqlite3', 'application/x-sqlite3'],
  ['application/vnd.debian.binary-package', 'application/x-debian-package', 'application/x-deb'],
  ['application/x-rpm', 'application/x-redhat-package-manager'],
  ['font/ttf', 'application/x-font-ttf', 'application/x-font-truetype'],
  ['font/otf', 'application/x-font-opentype', 'application/font-sfnt'],
  ['font/woff', 'application/font-woff', 'application/x-font-woff'],
  ['font/woff2', 'application/font-woff2'],
  ['application/xml', 'text/xml'],
  ['text/csv', 'application/csv', 'text/x-csv', 'text/comma-separated-values'],
  ['text/markdown', 'text/x-markdown'],
  ['application/json', 'text/json', 'text/x-json', 'application/x-json'],
  ['application/yaml', 'text/yaml', 'text/x-yaml', 'application/x-yaml'],
  ['text/vcard', 'text/x-vcard'],
  ['application/vnd.apple.mpegurl', 'audio/x-mpegurl', 'application/x-mpegurl', 'audio/mpegurl'],
  [
    'text/javascript',
    'application/javascript',
    'application/x-javascript',
    'application/ecmascript',
    'text/ecmascript',
    'text/jscript',
    'text/x-javascript',
  ],
  ['application/x-sh', 'text/x-sh', 'text/x-shellscript', 'application/x-shellscript'],
  ['application/x-httpd-php', 'text/x-php', 'application/x-php', 'text/php'],
  ['text/x-perl', 'application/x-perl'],
  ['application/x-google-chrome-extension', 'application/x-chrome-extension'],
  ['application/x-cfb', 'application/x-ole-storage'],
] as const

const CANONICAL = new Map<string, string>(
  NAMES.flatMap(([first, ...others]) => others.map(name => [name, first])),
)

/** File name extensions that mime-types does not know, or that it gives to another type. */
const EXTENSIONS = new Map([
  ['.msi', 'application/x-msi'],
  ['.mpp', 'application/vnd.ms-project'],
  ['.cur', 'image/vnd.microsoft.icon'],
  ['.tgz', 'application/gzip'],
  ['.zst', 'application/zstd'],
  ['.lz4', 'application/x-lz4'],
  ['.ndjson', 'application/x-ndjson'],
  ['.jsonl', 'application/x-ndjson'],
  ['.sqlite', 'application/vnd.sqlite3'],
  ['.parquet', 'application/vnd.apache.parquet'],
  ['.py', 'text/x-python'],
  ['.cjs', 'text/javascript'],
  ['.rs', 'text/x-rust'],
  ['.reg', 'application/x-ms-regedit'],
  ['.mts', 'video/mp2t'],
  ['.nef', 'image/x-nikon-nef'],
  ['.cr2', 'image/x-canon-cr2'],
  ['.cr3', 'image/x-canon-cr3'],
  ['.arw', 'image/x-sony-arw'],
  ['.pef', 'image/x-pentax-pef'],
])

/** Returns the name of a media type that the library uses for it: `image/jpeg` for `image/jpg`. */
export function canonicalType(type: string): string {
  return CANONICAL.get(type) ?? type
}

/** Returns the media type of a filename's extension. Undefined if there is none, or it is not known. */
export function typeOfExtension(extension: string): string | undefined {
  const name = extension.toLowerCase()
  if (!/^\.[^./]+$/.test(name)) return undefined
  const type = EXTENSIONS.get(name) ?? mime.lookup(name)
  return type === false ? undefined : canonicalType(type)
}
