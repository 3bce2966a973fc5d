<?php

declare(strict_types=1);

$app = new Illuminate\Foundation\Application(dirname(__DIR__));

// Sessions and compiled views go to a folder of the test's own; the APP_*_CACHE variables lead the rest there.
$app->useStoragePath(env('APP_STORAGE'));

$app->singleton(Illuminate\Contracts\Http\Kernel::class, App\Http\Kernel::class);
$app->singleton(Illuminate\Contracts\Console\Kernel::class, Illuminate\Foundation\Console\Kernel::class);
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Illuminate\Foundation\Exceptions\Handler::class);

return $app;
