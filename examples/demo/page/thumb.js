/** Shows the image if there is one, otherwise a short word such as PDF or MP4. */
export function fillThumb(element, { name, type }, url) {
  const extension = /\.(\w{1,4})$/.exec(name)?.[1]
  const word = (extension ?? type.split('/')[0] ?? '').toUpperCase() || 'FILE'
  if (!url || !type.startsWith('image/')) return element.replaceChildren(word)
  const image = Object.assign(new Image(), { src: url, alt: '', loading: 'lazy' })
  image.onerror = () => element.replaceChildren(word)
  element.replaceChildren(image)
}
