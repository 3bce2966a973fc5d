<?php

declare(strict_types=1);

namespace App\Providers;

use App\Auth\Roster;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\ServiceProvider;

class AuthServiceProvider extends ServiceProvider
{
    public function boot(): void
    {
        Auth::provider('roster', fn () => new Roster());
    }
}
