<?php

// Who may subscribe to what. Laravel has taken private-, private-encrypted- or presence- off the names.

declare(strict_types=1);

use App\Models\User;
use Illuminate\Support\Facades\Broadcast;

Broadcast::channel('room', fn (User $user) => ['id' => $user->id, 'name' => $user->name]);
Broadcast::channel('vault', fn (User $user) => true);
Broadcast::channel('backstage', fn (User $user) => $user->name === 'Zoë');
Broadcast::channel('App.Models.User.{id}', fn (User $user, string $id) => $user->id === (int) $id);
