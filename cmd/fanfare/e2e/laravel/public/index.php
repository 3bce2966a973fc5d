<?php

// The router of `php -S`: the npm modules and the page's own files are served as they lie, everything else by Laravel.

declare(strict_types=1);

use Illuminate\Contracts\Http\Kernel;
use Illuminate\Http\Request;

if (preg_match('#^/(node_modules|page)/#', $_SERVER['SCRIPT_NAME']) === 1) {
    return false;
}

require __DIR__.'/../bootstrap/autoload.php';

$kernel = (require __DIR__.'/../bootstrap/app.php')->make(Kernel::class);
$response = $kernel->handle($request = Request::capture());
$response->send();
$kernel->terminate($request, $response);
