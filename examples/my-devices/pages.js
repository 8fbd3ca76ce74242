const page = (body) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>My devices</title>
<style>
  body { font: 17px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 10vh auto; padding: 0 1rem; color: #222 }
  ul { list-style: none; padding: 0 }
  li { display: flex; justify-content: space-between; align-items: center; padding: .7rem 0; border-top: 1px solid #ddd }
  small { color: #666 }
  form { display: inline }
  button, input { font: inherit; padding: .35rem .8rem }
</style>
${body}`

exports.loginPage = () =>
  page(`<h1>Log in</h1>
<form method="post" action="/login"><input name="user" value="ann" aria-label="name"> <button>Log in</button></form>`)

exports.devicesPage = (user, devices, own) =>
  page(`<h1>Devices of ${text(user)}</h1>
<ul>${devices.map((device) => line(device, device.fingerprint === own)).join('')}</ul>
<form method="post" action="/end-others"><button id="end-others">Log out my other devices</button></form>
<form method="post" action="/logout"><button id="logout">Log out</button></form>`)

const line = ({ data, createdAt, fingerprint }, isOwn) => `
<li><span>${text(data.device)}<br><small>since ${new Date(createdAt).toLocaleString('en-GB')}</small></span>
${isOwn ? '<b>this device</b>' : `<form method="post" action="/end"><button name="device" value="${text(fingerprint)}">End</button></form>`}
</li>`

const text = (value) => String(value).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
