<?php

declare(strict_types=1);

use App\Events\Announcement;
use App\Events\MessageSent;
use App\Events\Secret;
use App\Notifications\Invitation;
use Illuminate\Http\Request;
use Illuminate\Http\Response;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Notification;
use Illuminate\Support\Facades\Route;

Route::get('/as/{name}', function (string $name) {
    abort_unless(Auth::attempt(['name' => $name]), 403, "nobody called $name may sign in");

    return redirect('/');
});

Route::get('/', function (Request $request) {
    abort_unless($request->user(), 403, 'sign in at /as/NAME first');

    return view('room', ['user' => $request->user(), 'broadcasting' => config('broadcasting.echo')]);
});

// Laravel 8 has no route of its own for this yet. It is a POST with a CSRF token: Echo sends one with it.
Route::post('/broadcasting/user-auth', function (Request $request) {
    abort_unless($user = $request->user(), 403);
    $answer = Broadcast::driver()->getPusher()->authenticateUser($request->socket_id, ['id' => (string) $user->id]);

    return response($answer, 200, ['Content-Type' => 'application/json']);
});

Route::post('/messages', function (Request $request): Response {
    abort_unless($user = $request->user(), 403);
    broadcast(new MessageSent($user->name, $request->input('text')))->toOthers();

    return response()->noContent();
});

Route::post('/announcements', function (Request $request): Response {
    abort_unless($request->user(), 403);
    broadcast(new Announcement($request->input('text')));

    return response()->noContent();
});

Route::post('/secrets', function (Request $request): Response {
    abort_unless($request->user(), 403);
    broadcast(new Secret($request->input('text')));

    return response()->noContent();
});

Route::post('/nudges', function (Request $request): Response {
    abort_unless($user = $request->user(), 403);
    $nudge = ['from' => $user->name, 'text' => $request->input('text')];
    Broadcast::driver()->getPusher()->sendToUser((string) $request->input('to'), 'Nudge', $nudge);

    return response()->noContent();
});

Route::post('/invitations', function (Request $request): Response {
    abort_unless($user = $request->user(), 403);
    $guest = Auth::getProvider()->retrieveById($request->input('to'));
    Notification::send($guest, new Invitation($user->name, $request->input('text')));

    return response()->noContent();
});
