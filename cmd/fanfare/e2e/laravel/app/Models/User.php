<?php

declare(strict_types=1);

namespace App\Models;

use Illuminate\Auth\GenericUser;
use Illuminate\Notifications\RoutesNotifications;

/** Somebody who may sign in. Ids are integers, as in a database: what makes strings of them is Pusher's library. */
class User extends GenericUser
{
    use RoutesNotifications;

    /** The id that notifications go to: private channel App.Models.User.ID. */
    public function getKey(): int
    {
        return $this->id;
    }
}
