import type { Page } from 'playwright-core'

export interface Picture {
  name: string
  mimeType: string
  buffer: Buffer
}

/** Draws a picture in the browser: a landscape in few colours. */
export async function drawPicture(page: Page, name: string, hue: number): Promise<Picture> {
  const url = await page.evaluate(hue => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 720, height: 480 })
    const context = canvas.getContext('2d') as CanvasRenderingContext2D
    for (let band = 0; band < 6; band++) {
      context.fillStyle = `hsl(${hue + 10 * band} 62% ${44 + 6 * band}%)`
      context.fillRect(0, 58 * band, 720, 480)
    }
    context.fillStyle = `hsl(${hue + 60} 90% 92%)`
    context.beginPath()
    context.arc(480 - (hue % 90) * 3, 190, 46, 0, 7)
    context.fill()
    for (let hill = 0; hill < 4; hill++) {
      context.fillStyle = `hsl(${hue + 12 * hill} 38% ${46 - 10 * hill}%)`
      context.beginPath()
      context.moveTo(0, 480)
      for (let x = 0; x <= 720; x += 6) {
        const wave = Math.sin(x / (95 - 12 * hill) + hue + hill * 2) * 26 + Math.sin(x / 37 + hill + hue) * 9
        context.lineTo(x, 250 + hill * 58 + wave)
      }
      context.lineTo(720, 480)
      context.fill()
    }
    return canvas.toDataURL('image/png')
  }, hue)
  return { name, mimeType: 'image/png', buffer: Buffer.from(url.split(',')[1] as string, 'base64') }
}
