<?php

// Debian's Laravel brings its own class loaders instead of Composer's. The last one, ours, maps namespaces to folders.
//
// Pusher's PHP library is in no package of Debian's: pusher/ stands in for it. Laravel's loader looks for the real one on PHP's
// include path first (Pusher/PhpServer/autoload.php), so that where it is installed, it is what is tested.

declare(strict_types=1);

require 'Illuminate/autoload.php';

spl_autoload_register(static function (string $class): void {
    $folders = ['App\\' => '/app/', 'Pusher\\' => '/pusher/'];
    foreach ($folders as $namespace => $folder) {
        $file = dirname(__DIR__).$folder.str_replace('\\', '/', substr($class, strlen($namespace))).'.php';
        if (str_starts_with($class, $namespace) && is_file($file)) {
            require $file;
        }
    }
});
