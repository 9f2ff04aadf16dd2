import { gzipSync } from 'node:zlib'
import {
  ac3Frames,
  adtsFrames,
  ascii,
  asf,
  BMP,
  box,
  brands,
  cfb,
  cfbOf,
  contentTypes,
  ebml,
  font,
  ftyp,
  GIF,
  HTML,
  hex,
  IDAT,
  IEND,
  icon,
  id3,
  JPEG,
  join,
  mp3Frames,
  noise,
  OOXML,
  office,
  ogg,
  PNG,
  PNG_START,
  pngChunk,
  riff,
  SVG,
  tar,
  tiffOf,
  ts,
  utf8Bom,
  utf16,
  withMimetype,
  zeros,
} from './type-bytes.ts'
import { zip } from './zip.ts'

export { LIES, type Lie } from './type-lies.ts'

export interface TypeCase {
  name: string
  filename: string
  /** The Content-Type of the form part. Undefined if it has none. */
  claim: string | undefined
  bytes: Buffer
  /** The type that must be detected. */
  type: string | undefined
}

const binary = (
  extension: string,
  type: string,
  bytes: Buffer,
  claim: string | undefined = type,
): TypeCase => ({
  name: extension,
  filename: `file.${extension}`,
  claim,
  bytes,
  type,
})
const text = (
  name: string,
  filename: string,
  claim: string | undefined,
  content: string | Buffer,
  type: string,
): TypeCase => ({
  name,
  filename,
  claim,
  bytes: Buffer.from(content as string),
  type,
})

export const IMAGES: readonly TypeCase[] = [
  binary('jpg', 'image/jpeg', JPEG),
  binary('png', 'image/png', PNG),
  binary('apng', 'image/apng', join(PNG_START, pngChunk('acTL', zeros(8)), IDAT, IEND)),
  binary('gif', 'image/gif', GIF),
  binary('webp', 'image/webp', riff('WEBP', join('VP8 ', noise(32)))),
  binary('avif', 'image/avif', ftyp('avif', 'mif1', 'miaf')),
  binary('heic', 'image/heic', ftyp('heic', 'mif1', 'heic')),
  { ...binary('heic', 'image/heic', ftyp('mif1', 'mif1', 'heic')), name: 'heic as mif1' },
  { ...binary('avif', 'image/avif', ftyp('mif1', 'mif1', 'avif')), name: 'avif as mif1' },
  binary('jxl', 'image/jxl', join(hex('0000000c 4a584c20 0d0a870a'), ftyp('jxl '))),
  { ...binary('jxl', 'image/jxl', join(hex('ff0a'), noise(64))), name: 'jxl codestream' },
  binary('tif', 'image/tiff', join('II', hex('2a00 08000000 0100 0001 0300 01000000 01000000 00000000'))),
  {
    ...binary(
      'tiff',
      'image/tiff',
      join('MM', hex('002a 00000008 0001 0100 0003 00000001 00010000 00000000')),
    ),
    name: 'tiff, big-endian',
  },
  binary('bmp', 'image/bmp', BMP),
  binary('ico', 'image/vnd.microsoft.icon', icon('0100')),
  binary('cur', 'image/vnd.microsoft.icon', icon('0200')),
  binary('psd', 'image/vnd.adobe.photoshop', join('8BPS', hex('0001'), zeros(20))),
  binary('jp2', 'image/jp2', join(hex('0000000c 6a502020 0d0a870a'), box('ftyp', 'jp2 ', zeros(4), 'jp2 '))),
  { ...binary('jpg', 'image/jpeg', join(JPEG, JPEG)), name: 'jpeg with a preview behind it' },
  { ...binary('gif', 'image/gif', join(GIF, zeros(40))), name: 'gif that is filled up with zeros' },
  { ...binary('png', 'image/png', join(PNG, zeros(2))), name: 'png that is filled up with zeros' },
  {
    ...binary('tif', 'image/tiff', join('II+\0', hex('0800 0000 1000000000000000'), zeros(16))),
    name: 'tiff of more than 4 GB',
  },
  binary('dng', 'image/x-adobe-dng', tiffOf(50_706)),
  binary('nef', 'image/x-nikon-nef', tiffOf(256)),
  binary(
    'cr2',
    'image/x-canon-cr2',
    join(hex('49492a00 10000000'), 'CR', hex('0200 00000000 0100 0001 0300')),
  ),
  binary(
    'jls',
    'image/jls',
    hex('ffd8 fff7 000b 08 0001 0001 01 01 11 00 ffda 0008 01 01 00 00 00 00 d2 7f ffd9'),
  ),
  binary('jxr', 'image/jxr', join(hex('4949bc01 20000000'), zeros(32))),
]

export const VIDEO: readonly TypeCase[] = [
  binary('mp4', 'video/mp4', ftyp('isom', 'isom', 'iso2', 'mp41')),
  binary('mov', 'video/quicktime', ftyp('qt  ', 'qt  ')),
  binary('webm', 'video/webm', ebml('webm')),
  binary('mkv', 'video/matroska', ebml('matroska')),
  binary('avi', 'video/vnd.avi', riff('AVI ', join('LIST', noise(32)))),
  binary('mpg', 'video/mpeg', join(hex('000001ba 44 00 04 00 04 01 000003 f8'), noise(32))),
  binary('ogv', 'video/ogg', ogg(join(hex('80'), 'theora'))),
  binary('flv', 'video/x-flv', join('FLV', hex('01 05 00000009'), zeros(4))),
  binary('3gp', 'video/3gpp', ftyp('3gp4', 'isom')),
  { ...binary('m2ts', 'video/mp2t', ts), claim: 'video/mp2t' },
  {
    ...binary('mov', 'video/quicktime', join(box('wide'), box('mdat', noise(16)))),
    name: 'mov without brands',
  },
  {
    ...binary(
      'mp4',
      'video/mp4',
      join(brands('isom'), hex('00000001'), 'mdat', hex('0000000000000020'), noise(16)),
    ),
    name: 'mp4 with a long size',
  },
  { ...binary('mpg', 'video/mpeg', join(hex('000001ba 21 0001 0001 80 0001'), noise(32))), name: 'mpeg-1' },
  {
    ...binary('mpg', 'video/mpeg', join(hex('000001b3 160120 13 ffffe084'), noise(32))),
    name: 'mpeg sequence',
  },
  { ...binary('wmv', 'video/x-ms-asf', asf), claim: 'video/x-ms-wmv' },
]

export const AUDIO: readonly TypeCase[] = [
  binary('mp3', 'audio/mpeg', mp3Frames(3)),
  {
    ...binary('mp3', 'audio/mpeg', join('ID3', hex('0400 00 0000000a'), zeros(10), mp3Frames(3))),
    name: 'mp3 with ID3',
  },
  binary(
    'wav',
    'audio/wav',
    riff('WAVE', join('fmt ', hex('10000000 0100 0100 44ac0000 88580100 0200 1000'))),
  ),
  binary('flac', 'audio/flac', join('fLaC', hex('00 000022'), zeros(34))),
  binary('ogg', 'audio/ogg', ogg(join(hex('01'), 'vorbis'))),
  binary('opus', 'audio/ogg', ogg('OpusHead')),
  binary('m4a', 'audio/mp4', ftyp('M4A ', 'isom')),
  { ...binary('webm', 'audio/webm', ebml('webm')), name: 'webm of MediaRecorder, sound only' },
  { ...binary('m4a', 'audio/mp4', ftyp('isom', 'isom')), name: 'm4a with the brand of a video' },
  binary('aac', 'audio/aac', adtsFrames(4)),
  { ...binary('ac3', 'audio/vnd.dolby.dd-raw', ac3Frames(3)), claim: 'audio/ac3' },
  binary('aiff', 'audio/aiff', join('FORM', hex('00000040'), 'AIFF', noise(32))),
  binary('mid', 'audio/midi', join('MThd', hex('00000006 0001 0002 0060'), 'MTrk', zeros(8))),
  binary('amr', 'audio/amr', join('#!AMR\n', noise(32))),
  {
    ...binary('mp3', 'audio/mpeg', hex('49443304 00 00 0000 7f 7f 00')),
    name: 'mp3 with a tag longer than the head',
  },
  { ...binary('aac', 'audio/aac', join(id3(zeros(8)), adtsFrames(4))), name: 'aac with ID3' },
  {
    ...binary('flac', 'audio/flac', join(id3(zeros(8)), 'fLaC', hex('00 000022'), zeros(34))),
    name: 'flac with ID3',
  },
  binary('mka', 'audio/matroska', ebml('matroska'), 'audio/x-matroska'),
  { ...binary('wma', 'audio/x-ms-wma', asf) },
]

export const DOCUMENTS: readonly TypeCase[] = [
  binary('docx', `${OOXML}.wordprocessingml.document`, office('word', `${OOXML}.wordprocessingml.document`)),
  {
    ...binary(
      'docx',
      `${OOXML}.wordprocessingml.document`,
      office('word', `${OOXML}.wordprocessingml.document`, 'last'),
    ),
    name: 'docx, types last',
  },
  binary(
    'docm',
    'application/vnd.ms-word.document.macroenabled.12',
    office('word', 'application/vnd.ms-word.document.macroEnabled'),
  ),
  binary('xlsx', `${OOXML}.spreadsheetml.sheet`, office('xl', `${OOXML}.spreadsheetml.sheet`)),
  binary(
    'pptx',
    `${OOXML}.presentationml.presentation`,
    office('ppt', `${OOXML}.presentationml.presentation`),
  ),
  binary(
    'odt',
    'application/vnd.oasis.opendocument.text',
    withMimetype('application/vnd.oasis.opendocument.text'),
  ),
  binary(
    'ods',
    'application/vnd.oasis.opendocument.spreadsheet',
    withMimetype('application/vnd.oasis.opendocument.spreadsheet'),
  ),
  binary(
    'odp',
    'application/vnd.oasis.opendocument.presentation',
    withMimetype('application/vnd.oasis.opendocument.presentation'),
  ),
  binary('epub', 'application/epub+zip', withMimetype('application/epub+zip')),
  binary(
    'jar',
    'application/java-archive',
    zip([{ name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\n' }]),
  ),
  binary(
    'apk',
    'application/vnd.android.package-archive',
    zip([{ name: 'classes.dex', content: noise(64) }]),
  ),
  binary('doc', 'application/msword', cfb),
  binary('xls', 'application/vnd.ms-excel', cfb),
  binary('ppt', 'application/vnd.ms-powerpoint', cfb, 'application/octet-stream'),
  binary('msi', 'application/x-msi', cfb, undefined),
  binary('pdf', 'application/pdf', join('%PDF-1.7\n', hex('25e2e3cfd30a'), '1 0 obj\n')),
  {
    ...binary('pdf', 'application/pdf', ascii('%PDF-1.4\n1 0 obj\n<<>>\nendobj\n')),
    name: 'pdf, ASCII only',
  },
  binary('rtf', 'application/rtf', ascii('{\\rtf1\\ansi hello}')),
  binary('ps', 'application/postscript', ascii('%!PS-Adobe-3.0\n')),
  {
    ...binary(
      'docx',
      `${OOXML}.wordprocessingml.document`,
      zip([
        { name: 'word/numbering.xml', content: '<x/>' },
        { name: 'word/document.xml', content: '<x/>' },
      ]),
    ),
    name: 'docx, document first',
  },
  {
    ...binary(
      'xlsx',
      `${OOXML}.spreadsheetml.sheet`,
      zip([
        { name: 'docProps/app.xml', content: '<x/>' },
        { name: 'xl/worksheets/sheet1.xml', content: '<x/>' },
      ]),
    ),
    name: 'xlsx, properties first',
  },
  {
    ...binary(
      'xlsx',
      `${OOXML}.spreadsheetml.sheet`,
      zip([
        { name: '_rels/.rels', content: '<x/>', streamed: true },
        {
          name: '[Content_Types].xml',
          content: contentTypes(`${OOXML}.spreadsheetml.sheet`),
          streamed: true,
        },
      ]),
    ),
    name: 'xlsx, streamed',
  },
  {
    ...binary(
      'dotx',
      `${OOXML}.wordprocessingml.template`,
      zip([
        { name: '_rels/.rels', content: '<x/>' },
        { name: 'word/document.xml', content: '<x/>' },
      ]),
    ),
    name: 'dotx, types behind the head',
  },
  {
    ...binary(
      'apk',
      'application/vnd.android.package-archive',
      zip([
        { name: 'META-INF/MANIFEST.MF', content: 'x' },
        { name: 'AndroidManifest.xml', content: noise(64) },
      ]),
    ),
    name: 'apk, manifest of its signature first',
  },
  {
    ...binary(
      'apk',
      'application/vnd.android.package-archive',
      zip([
        { name: '', content: '', stored: true },
        { name: 'resources.arsc', content: 'x' },
      ]),
    ),
    name: 'apk, aligned',
  },
  binary('kmz', 'application/vnd.google-earth.kmz', zip([{ name: 'doc.kml', content: '<kml/>' }])),
  binary('key', 'application/vnd.apple.keynote', zip([{ name: 'Index/Document.iwa', content: 'x' }])),
  { ...binary('doc', 'application/msword', cfbOf('WordDocument')), name: 'doc with a directory' },
  {
    ...binary('xls', 'application/vnd.ms-excel', cfbOf('Workbook')),
    name: 'xls called doc',
    claim: 'application/msword',
  },
  binary('msg', 'application/vnd.ms-outlook', cfbOf('__properties_version1.0')),
  { ...binary('doc', 'application/x-cfb', cfb), name: 'doc called png', claim: 'image/png' },
]

export const ARCHIVES: readonly TypeCase[] = [
  binary('zip', 'application/zip', zip([{ name: 'a.txt', content: 'x' }])),
  { ...binary('zip', 'application/zip', zip([])), name: 'zip, empty' },
  binary('gz', 'application/gzip', gzipSync('x')),
  binary('bz2', 'application/x-bzip2', join('BZh9', hex('314159265359'), noise(32))),
  binary('xz', 'application/x-xz', join(hex('fd377a585a00 0004'), noise(32))),
  binary('7z', 'application/x-7z-compressed', join(hex('377abcaf271c 0004'), noise(32))),
  binary('rar', 'application/vnd.rar', join(hex('526172211a0700'), noise(32))),
  binary('tar', 'application/x-tar', tar()),
  binary('zst', 'application/zstd', join(hex('28b52ffd'), noise(32))),
  binary('lz4', 'application/x-lz4', join(hex('04224d18 64 40 a7'), noise(32))),
]

export const OTHERS: readonly TypeCase[] = [
  binary('ttf', 'font/ttf', font(hex('00010000'))),
  binary('otf', 'font/otf', font('OTTO')),
  binary('woff', 'font/woff', join('wOFF', hex('00010000 00001000 0001 0000'), zeros(28))),
  binary('woff2', 'font/woff2', join('wOF2', hex('00010000 00001000 0001 0000'), zeros(32))),
  binary('wasm', 'application/wasm', hex('0061736d 01000000')),
  binary('sqlite', 'application/vnd.sqlite3', join('SQLite format 3\0', hex('1000 0101'), zeros(80))),
  binary(
    'exe',
    'application/vnd.microsoft.portable-executable',
    join('MZ', hex('9000 0300 0000 0400'), zeros(56)),
  ),
  binary('elf', 'application/x-elf', join(hex('7f454c46 020101'), zeros(60))),
  binary('ttc', 'font/collection', join('ttcf', hex('00010000 00000001 00000010'), zeros(16))),
]

export const TEXTS: readonly TypeCase[] = [
  text('csv', 'a.csv', 'text/csv', 'a;b\n1;2\n', 'text/csv'),
  text('csv that Windows calls Excel', 'a.csv', 'application/vnd.ms-excel', 'a;b\n', 'text/csv'),
  text('csv without a claim', 'a.csv', 'application/octet-stream', 'a;b\n', 'text/csv'),
  text('csv that begins like a bitmap', 'cars.csv', 'text/csv', 'BMW,Audi\n1,2\n', 'text/csv'),
  text('csv that begins like an MP3', 'tags.csv', 'text/csv', 'ID3,name\n1,2\n', 'text/csv'),
  text('csv that begins like a program', 'mz.csv', 'text/csv', 'MZ,name\n1,2\n', 'text/csv'),
  text('csv in UTF-16, little-endian', 'a.csv', 'text/csv', utf16('ä,b\n'), 'text/csv'),
  text('csv in UTF-16, big-endian', 'a.csv', 'text/csv', utf16('ä,b\n', 'be'), 'text/csv'),
  text('csv in UTF-8 with a byte order mark', 'a.csv', 'text/csv', utf8Bom('ä,b\n'), 'text/csv'),
  text('tsv', 'a.tsv', 'text/tab-separated-values', 'a\tb\n', 'text/tab-separated-values'),
  text('text', 'a.txt', 'text/plain', 'hello\n', 'text/plain'),
  text('text without an extension', 'README', undefined, 'hello\n', 'text/plain'),
  text('one letter', 'a.txt', 'text/plain', 'B', 'text/plain'),
  text('json', 'a.json', 'application/json', '{"a":1}', 'application/json'),
  text('json without a claim', 'a.json', undefined, '[1]', 'application/json'),
  text('lines of json', 'a.ndjson', undefined, '{}\n{}\n', 'application/x-ndjson'),
  text('markdown', 'a.md', 'text/markdown', '# Hello\n', 'text/markdown'),
  text(
    'markdown with an element first',
    'README.md',
    undefined,
    '<p align="center">Hello</p>\n\n# Hello\n',
    'text/markdown',
  ),
  text('yaml', 'a.yaml', 'application/x-yaml', 'a: 1\n', 'application/yaml'),
  text('css', 'a.css', 'text/css', 'a { color: red }', 'text/css'),
  text('vcard', 'a.vcf', 'text/x-vcard', 'BEGIN:VCARD\nEND:VCARD\n', 'text/vcard'),
  text(
    'dxf',
    'a.dxf',
    'image/vnd.dxf',
    '  0\r\nSECTION\r\n  2\r\nHEADER\r\n  0\r\nENDSEC\r\n  0\r\nEOF\r\n',
    'image/vnd.dxf',
  ),
  text('calendar', 'a.ics', 'text/calendar', 'BEGIN:VCALENDAR\nEND:VCALENDAR\n', 'text/calendar'),
  text('subtitles', 'a.vtt', 'text/vtt', 'WEBVTT\n\n', 'text/vtt'),
  text('html', 'a.html', 'text/html', HTML, 'text/html'),
  text('html behind a comment', 'a.html', 'text/html', '<!-- x -->\n<html></html>', 'text/html'),
  text('html in UTF-16', 'a.html', 'text/html', utf16(HTML), 'text/html'),
  text(
    'xhtml',
    'a.xhtml',
    'application/xhtml+xml',
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>',
    'application/xhtml+xml',
  ),
  text('svg', 'a.svg', 'image/svg+xml', SVG, 'image/svg+xml'),
  text(
    'svg behind a prolog',
    'a.svg',
    'image/svg+xml',
    `<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x" [<!ENTITY a "b">]>\n${SVG}`,
    'image/svg+xml',
  ),
  text(
    'svg with a prefix',
    'a.svg',
    'image/svg+xml',
    '<s:svg xmlns:s="http://www.w3.org/2000/svg"/>',
    'image/svg+xml',
  ),
  text('xml', 'a.xml', 'text/xml', '<?xml version="1.0"?><a/>', 'application/xml'),
  text('rss', 'a.rss', 'application/rss+xml', '<?xml version="1.0"?><rss/>', 'application/rss+xml'),
  text('javascript', 'a.js', 'application/x-javascript', 'alert(1)', 'text/javascript'),
  text('shell script', 'a.txt', 'text/plain', '#!/bin/sh\nrm -rf /\n', 'application/x-sh'),
  text('php', 'a.txt', 'text/plain', '<?php phpinfo();', 'application/x-httpd-php'),
  text(
    'html as it was written before 1999',
    'a.html',
    'text/html',
    ascii('<HTML><BODY>\xe4</BODY>'),
    'text/html',
  ),
  text(
    'xml in Latin-1',
    'a.xml',
    'text/xml',
    ascii('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe4</a>'),
    'application/xml',
  ),
  text(
    'xhtml as html',
    'a.html',
    'text/html',
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html xmlns="http://www.w3.org/1999/xhtml"/>',
    'text/html',
  ),
  text('xml behind a comment', 'a.xml', 'application/xml', '<!-- x -->\n<schemalist/>', 'application/xml'),
  text('xml without a prolog', 'a.xml', 'text/xml', '<a/>', 'application/xml'),
  text('playlist', 'a.m3u8', 'audio/x-mpegurl', '#EXTM3U\n#EXTINF:1,a\n', 'application/vnd.apple.mpegurl'),
  text('text called html', 'a.html', 'text/html', 'hello', 'text/html'),
  text('pdf behind a byte order mark', 'a.pdf', 'application/pdf', utf8Bom('%PDF-1.4\n'), 'application/pdf'),
]

/** Aliases, missing and wrong claims: the bytes decide. */
export const CLAIMS: readonly TypeCase[] = [
  { ...binary('jpg', 'image/jpeg', JPEG), name: 'jpeg as image/jpg', claim: 'image/jpg' },
  { ...binary('png', 'image/jpeg', JPEG), name: 'jpeg called .png', claim: 'image/png' },
  { ...binary('mp3', 'audio/mpeg', mp3Frames(3)), name: 'mp3 as audio/mp3', claim: 'audio/mp3' },
  {
    ...binary('zip', 'application/zip', zip([{ name: 'a', content: 'x' }])),
    name: 'zip as x-zip-compressed',
    claim: 'application/x-zip-compressed',
  },
  { ...binary('jpg', 'image/jpeg', JPEG), name: 'jpeg without a claim', claim: undefined },
  { ...binary('bin', 'image/jpeg', JPEG), name: 'jpeg as octets', claim: 'application/octet-stream' },
]

export const CORPUS: readonly TypeCase[] = [
  ...IMAGES,
  ...VIDEO,
  ...AUDIO,
  ...DOCUMENTS,
  ...ARCHIVES,
  ...OTHERS,
  ...TEXTS,
  ...CLAIMS,
]
