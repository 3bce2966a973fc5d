<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="csrf-token" content="{{ csrf_token() }}">
  <title>{{ $user->name }} – Rehearsal room</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/page/room.css">
  <link rel="stylesheet" href="/page/laravel.css">
</head>
<body>
  <header>
    <h1>Rehearsal room</h1>
    <span id="status" data-state="connecting">connecting</span>
    <span id="me" class="person" data-name="{{ $user->name }}">{{ $user->name }}</span>
  </header>
  <aside>
    <h2>Here now</h2>
    <ul id="members"></ul>
    <h2>Doors</h2>
    <dl>
      <dt>own events</dt><dd id="signed-in">waiting</dd>
      <dt>inbox</dt><dd id="inbox">waiting</dd>
      <dt>vault</dt><dd id="vault">waiting</dd>
      <dt>backstage</dt><dd id="stage-door">closed</dd>
    </dl>
  </aside>
  <main>
    <ol id="messages"></ol>
    <p id="typing"></p>
    <form id="composer">
      <input id="text" autocomplete="off" placeholder="Say something to the others …" aria-label="Message">
      <button>Send</button>
    </form>
    <nav aria-label="Broadcast what is typed">
      <button id="announce" data-url="/announcements">Announce</button>
      <button id="seal" data-url="/secrets">Seal</button>
      <button id="nudge" data-url="/nudges" data-to="1">Nudge Alice</button>
      <button id="invite" data-url="/invitations" data-to="1">Invite Alice</button>
      <button id="backstage">Go backstage</button>
    </nav>
  </main>
  <script>window.room = {user: @json(['id' => $user->id, 'name' => $user->name]), broadcasting: @json($broadcasting)};</script>
  <script src="/node_modules/axios/dist/axios.min.js"></script>
  <script src="/node_modules/pusher-js/dist/web/pusher-with-encryption.min.js"></script>
  <script src="/node_modules/laravel-echo/dist/echo.iife.js"></script>
  <script src="/page/room.js"></script>
  <script src="/page/laravel.js"></script>
</body>
</html>
